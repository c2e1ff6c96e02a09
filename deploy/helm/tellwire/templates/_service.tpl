{{/*
Edge, router, session or worker: (dict "root" $ "name" COMPONENT "class" PRIORITY), with
"env", the variables that only it has.
*/}}
{{- define "tellwire.serviceTemplate" -}}
{{- $values := get .root.Values .name -}}
{{- $cluster := .root.Values.cluster -}}
metadata:
  labels:
    {{- include "tellwire.selector" . | nindent 4 }}
spec:
  {{- $grace := add $values.preStopSeconds 35 }}
  {{- $pod := dict "uid" 1000 "grace" $grace "own" $values.priorityClassName "spread" true }}
  {{- include "tellwire.pod" (merge $pod .) | nindent 2 }}
  containers:
    - name: {{ .name }}
      {{- include "tellwire.container" (dict "root" .root "repository" "service") | nindent 6 }}
      args:
        # Of objects; the rest is for what is not in V8's heap: bodies, sockets, code.
        - --max-old-space-size={{ include "tellwire.memoryShare" (dict "of" $values "parts" 2 "unit" "Mi") }}
        - apps/{{ .name }}/dist/main.js
      env:
        {{- $common := dict
              "TELLWIRE_PARTITIONS" (int $cluster.partitions)
              "TELLWIRE_KEY_PREFIX" $cluster.keyPrefix
              "TELLWIRE_LOG_LEVEL" $cluster.logLevel
              "TELLWIRE_DRAIN_MS" (int $cluster.drainMs) }}
        {{- if .root.Values.redis.cluster }}
        {{- $_ := set $common "TELLWIRE_REDIS_CLUSTER" .root.Values.redis.cluster }}
        {{- else }}
        {{- $_ := set $common "TELLWIRE_REDIS_URL_FILE" "/run/tellwire/redis-url" }}
        {{- end }}
        {{- with .root.Values.intermud }}
        {{- if and .federation (has $.name (list "edge" "session")) }}
        {{- $_ := set $common "TELLWIRE_I3_FEDERATION" .federation }}
        {{- $_ := set $common "TELLWIRE_I3_ADDRESS" .address }}
        {{- end }}
        {{- end }}
        {{- range $name, $value := merge (dict) $values.env .env $common }}
        - name: {{ $name }}
          value: {{ toString $value | quote }}
        {{- end }}
      ports:
        - name: http
          containerPort: 8080
        {{- if eq .name "edge" }}
        - name: json-rpc
          containerPort: 8081
        {{- if .root.Values.intermud.federation }}
        - name: mudmode
          containerPort: 9000
        {{- end }}
        {{- end }}
      # It listens once it has reached Redis, and an edge once it has reached session too: a
      # cluster that starts from cold may take its time.
      startupProbe:
        httpGet: { path: /health/live, port: http }
        periodSeconds: 2
        failureThreshold: 150
      # Reaches Redis; an edge is also registered there. When Redis is away for a moment all
      # edges say so at once, and could serve on right after: taken out, they would leave
      # clients without any. One that ends leaves by itself.
      readinessProbe:
        httpGet: { path: /health/ready, port: http }
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: {{ eq .name "edge" | ternary 15 2 }}
      # The process answers. Nothing else: no restart brings a dependency back.
      livenessProbe:
        httpGet: { path: /health/live, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      {{- if $values.preStopSeconds }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ $values.preStopSeconds }}
      {{- end }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      volumeMounts:
        {{- include "tellwire.mounts" . | nindent 8 }}
  volumes:
    {{- include "tellwire.secretVolume" (dict "root" .root "reader" .name) | nindent 4 }}
    {{- include "tellwire.tmpVolume" . | nindent 4 }}
{{- end -}}

{{/* A service that nobody connects to. */}}
{{- define "tellwire.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "tellwire.metadata" . | nindent 2 }}
spec:
  {{- $values := get .root.Values .name }}
  {{- if not $values.autoscaling.enabled }}
  replicas: {{ $values.replicas }}
  {{- end }}
  {{- include "tellwire.deploymentStrategy" .root | nindent 2 }}
  selector:
    matchLabels:
      {{- include "tellwire.selector" . | nindent 6 }}
  template:
    {{- include "tellwire.serviceTemplate" . | nindent 4 }}
{{- end -}}
