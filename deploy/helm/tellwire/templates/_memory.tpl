{{/* Bytes of a quantity such as 512Mi or 1.5G. */}}
{{- define "tellwire.bytes" -}}
{{- $unit := regexFind "[a-zA-Z]*$" . -}}
{{- $units := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12
      "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- mulf (trimSuffix $unit .) (get $units $unit) | int64 -}}
{{- end -}}

{{/*
A part of the memory that a component may have: (dict "of" ITS VALUES "parts" NUMBER), in
bytes, or with "unit" in that unit. What is bound by it is refused before the limit is
reached, where the process would be killed.
*/}}
{{- define "tellwire.memoryShare" -}}
{{- $bytes := include "tellwire.bytes" .of.resources.limits.memory | int64 -}}
{{- $unit := include "tellwire.bytes" (printf "1%s" (.unit | default "")) | int64 -}}
{{- div (div $bytes .parts) $unit -}}
{{- end -}}
