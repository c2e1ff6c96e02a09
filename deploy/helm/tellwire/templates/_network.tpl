{{/* The head of a NetworkPolicy about one component: (dict "root" $ "name" COMPONENT). */}}
{{- define "tellwire.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "tellwire.metadata" . | nindent 2 }}
spec:
  policyTypes: [Ingress, Egress]
  podSelector:
    matchLabels:
      {{- include "tellwire.selector" . | nindent 6 }}
{{- end -}}

{{/* Another component of this release, as a peer: (dict "root" $ "name" COMPONENT). */}}
{{- define "tellwire.peer" -}}
- podSelector:
    matchLabels:
      {{- include "tellwire.selector" . | nindent 6 }}
{{- end -}}

{{/* The ports at which clients are served, as JSON: HTTP, JSON-RPC over TCP, MUDs. */}}
{{- define "tellwire.clientPorts" -}}
{{- .Values.intermud.federation | empty | ternary (list 8080 8081) (list 8080 8081 9000) | toJson -}}
{{- end -}}

{{/* A rule for one port: (dict "way" "to" or "from" "port" NUMBER "peers" YAML or ""). */}}
{{- define "tellwire.rule" -}}
- ports:
    - protocol: TCP
      port: {{ .port }}
  {{- if .peers }}
  {{ .way }}:
    {{- .peers | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "tellwire.toDns" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns | nindent 4 }}
  ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- end -}}

{{- define "tellwire.fromMetrics" -}}
{{- with .Values.networkPolicy.metrics }}
{{- include "tellwire.rule" (dict "way" "from" "port" 8080 "peers" (toYaml .)) }}
{{- end }}
{{- end -}}

{{- define "tellwire.toRedis" -}}
{{- $own := include "tellwire.peer" (dict "root" . "name" "redis") -}}
{{- $redis := .Values.redis -}}
{{- $peers := empty $redis.peers | ternary "" (toYaml $redis.peers) -}}
{{- include "tellwire.rule" (dict "way" "to"
      "port" ($redis.enabled | ternary 6379 $redis.port)
      "peers" ($redis.enabled | ternary $own $peers)) }}
{{- end -}}

{{- define "tellwire.toPostgres" -}}
{{- $own := include "tellwire.peer" (dict "root" . "name" "postgres") -}}
{{- $postgres := .Values.postgres -}}
{{- $peers := empty $postgres.peers | ternary "" (toYaml $postgres.peers) -}}
{{- include "tellwire.rule" (dict "way" "to"
      "port" ($postgres.enabled | ternary 5432 $postgres.port)
      "peers" ($postgres.enabled | ternary $own $peers)) }}
{{- end -}}

{{/* Router, session and worker reach the database through PgBouncer only. */}}
{{- define "tellwire.toPgbouncer" -}}
{{- $own := include "tellwire.peer" (dict "root" . "name" "pgbouncer") -}}
{{- $pgbouncer := .Values.pgbouncer -}}
{{- $peers := empty $pgbouncer.peers | ternary "" (toYaml $pgbouncer.peers) -}}
{{- include "tellwire.rule" (dict "way" "to"
      "port" ($pgbouncer.enabled | ternary 6432 $pgbouncer.port)
      "peers" ($pgbouncer.enabled | ternary $own $peers)) }}
{{- end -}}

{{/* The policy of a service over Redis and the log: (dict "root" $ "name" COMPONENT). */}}
{{- define "tellwire.logServicePolicy" -}}
{{ include "tellwire.policy" . }}
  ingress: {{ with include "tellwire.fromMetrics" .root }}{{ . | nindent 4 }}{{ else }}[]{{ end }}
  egress:
    {{- include "tellwire.toDns" .root | nindent 4 }}
    {{- include "tellwire.toRedis" .root | nindent 4 }}
    {{- include "tellwire.toPgbouncer" .root | nindent 4 }}
{{- end -}}
