{{/* (dict "root" $ "name" COMPONENT): how many there are, and how many may go at once. */}}
{{- define "tellwire.availability" -}}
{{- $values := get .root.Values .name -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "tellwire.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  # One that does not work anyway must not keep a node from being emptied.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "tellwire.selector" . | nindent 6 }}
{{- with $values.autoscaling }}
{{- if .enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "tellwire.metadata" $ | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: {{ eq $.name "edge" | ternary "StatefulSet" "Deployment" }}
    name: {{ include "tellwire.fullname" $.root }}-{{ $.name }}
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .cpu }}
    - type: Resource
      resource:
        name: memory
        target:
          type: Utilization
          averageUtilization: {{ .memory }}
    {{- if and .custom $.root.Values.autoscaling.customMetrics }}
    - type: {{ .custom.type }}
      {{ lower .custom.type }}:
        metric:
          name: {{ .custom.metric }}
        target:
          type: AverageValue
          averageValue: {{ .custom.target | quote }}
    {{- end }}
  behavior:
    scaleUp:
      stabilizationWindowSeconds: {{ .scaleUp.stabilizationSeconds }}
      selectPolicy: Max
      policies:
        - type: Pods
          value: {{ .scaleUp.pods }}
          periodSeconds: {{ .scaleUp.periodSeconds }}
        - type: Percent
          value: {{ .scaleUp.percent }}
          periodSeconds: {{ .scaleUp.periodSeconds }}
    scaleDown:
      stabilizationWindowSeconds: {{ .scaleDown.stabilizationSeconds }}
      policies:
        - type: Pods
          value: {{ .scaleDown.pods }}
          periodSeconds: {{ .scaleDown.periodSeconds }}
{{- end }}
{{- end }}
{{- end -}}
