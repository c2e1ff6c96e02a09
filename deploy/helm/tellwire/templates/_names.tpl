{{/* Short enough that the names of pods, which are host names, are not cut off. */}}
{{- define "tellwire.fullname" -}}
{{- $name := contains "tellwire" .Release.Name | ternary .Release.Name (printf "%s-tellwire" .Release.Name) -}}
{{- $name | replace "." "-" | trunc 30 | trimSuffix "-" -}}
{{- end -}}

{{/* (dict "root" $ "name" COMPONENT) */}}
{{- define "tellwire.selector" -}}
app.kubernetes.io/name: tellwire
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{- define "tellwire.metadata" -}}
name: {{ include "tellwire.fullname" .root }}-{{ .name }}
labels:
  {{- include "tellwire.labels" . | nindent 2 }}
{{- end -}}

{{- define "tellwire.labels" -}}
{{ include "tellwire.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{/* (dict "root" $ "repository" KEY), a key of `repositories` */}}
{{- define "tellwire.image" -}}
{{- $image := .root.Values.image -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- get .root.Values.repositories .repository }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{/* (dict "root" $ "class" "serving" or "background"): cluster-wide, so with the namespace. */}}
{{- define "tellwire.priorityClass" -}}
{{ .root.Release.Namespace }}-{{ include "tellwire.fullname" .root }}-{{ .class }}
{{- end -}}
