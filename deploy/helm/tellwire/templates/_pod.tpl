{{/* (dict "root" $ "name" COMPONENT): what a component runs as has no token of Kubernetes. */}}
{{- define "tellwire.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "tellwire.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}

{{/*
What all pods have in common.
(dict "root" $ "name" COMPONENT "uid" NUMBER "grace" SECONDS), and "class" and "own", a
priority class of one's own, where it has one; "spread" to keep replicas apart.
*/}}
{{- define "tellwire.pod" -}}
serviceAccountName: {{ include "tellwire.fullname" .root }}-{{ .name }}
automountServiceAccountToken: false
# Kubernetes would describe Services in variables that begin with TELLWIRE_ as well.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .grace }}
{{- if .own }}
priorityClassName: {{ .own }}
{{- else if and .class .root.Values.priorityClasses.create }}
priorityClassName: {{ include "tellwire.priorityClass" . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  # By number: Kubernetes cannot tell that a name is not root's.
  runAsUser: {{ .uid }}
  runAsGroup: {{ .uid }}
  fsGroup: {{ .uid }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
# Names with a dot are whole: do not try them in each search domain first.
dnsConfig:
  options:
    - name: ndots
      value: "1"
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.placement.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.placement.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .spread }}
affinity:
  podAntiAffinity:
    {{- if eq .root.Values.placement.antiAffinity "hard" }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "tellwire.selector" . | nindent 12 }}
    {{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "tellwire.selector" . | nindent 14 }}
    {{- end }}
topologySpreadConstraints:
  - topologyKey: topology.kubernetes.io/zone
    maxSkew: 1
    whenUnsatisfiable: {{ .root.Values.placement.zones }}
    labelSelector:
      matchLabels:
        {{- include "tellwire.selector" . | nindent 8 }}
  - topologyKey: kubernetes.io/hostname
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "tellwire.selector" . | nindent 8 }}
{{- end }}
{{- end -}}

{{/* (dict "root" $ "repository" KEY): what all containers have in common. */}}
{{- define "tellwire.container" -}}
image: {{ include "tellwire.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* A Secret at /run/tellwire: (dict "root" $ "reader" KEY), a key of `secrets`. */}}
{{- define "tellwire.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ get .root.Values.secrets .reader }}
    defaultMode: 0440
{{- end -}}

{{- define "tellwire.tmpVolume" -}}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 64Mi
{{- end -}}

{{- define "tellwire.mounts" -}}
- name: secrets
  mountPath: /run/tellwire
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- end -}}

{{/* One at a time, and the next only when the new one is ready. */}}
{{- define "tellwire.deploymentStrategy" -}}
{{- $hard := eq .Values.placement.antiAffinity "hard" -}}
minReadySeconds: 5
revisionHistoryLimit: 5
strategy:
  type: RollingUpdate
  rollingUpdate:
    # Where two may not share a node there may be none free for a surplus one.
    maxSurge: {{ $hard | ternary 0 1 }}
    maxUnavailable: {{ $hard | ternary 1 0 }}
{{- end -}}
