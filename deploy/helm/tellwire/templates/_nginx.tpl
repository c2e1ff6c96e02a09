{{/* The files beside nginx.conf that tell it where the edges are. */}}
{{- define "tellwire.nginxFiles" -}}
{{- $edge := printf "%s-edge" (include "tellwire.fullname" .) -}}
{{- $domain := printf "%s.svc.%s" .Release.Namespace .Values.nginx.clusterDomain -}}
main.conf: |
  # Runs as the image's own user, on a root file system that is read-only.
  daemon off;
  pid /tmp/nginx.pid;
  worker_processes {{ .Values.nginx.workers }};
  worker_rlimit_nofile 65536;
listen.conf: |
  listen 8080 reuseport backlog=4096;
  {{- with .Values.nginx.trustedProxies }}
  real_ip_header X-Forwarded-For;
  real_ip_recursive on;
  {{- range . }}
  set_real_ip_from {{ . }};
  {{- end }}
  {{- end }}
edges.conf: |
  # The name of the edges is the addresses of all that are ready, asked for again every two
  # seconds, so that edges come and go without a reload; as new as the name server's cache.
  resolver {{ .Values.nginx.resolver }} valid=2s ipv6=off;
  resolver_timeout 2s;

  map $request_method $any_edge {
    default {{ $edge }}.{{ $domain }}:8080;
  }

  # Only names of edges are ever asked for: a crafted id reaches nothing else.
  map $arg_sid $sid_upstream {
    default {{ $edge }}.{{ $domain }}:8080;
    "~^(?<pod>{{ $edge }}-[0-9]{1,4})\." $pod.{{ $edge }}-pods.{{ $domain }}:8080;
  }
streams.conf: |
  # As in edges.conf.
  resolver {{ .Values.nginx.resolver }} valid=2s ipv6=off;
  resolver_timeout 2s;

  map $protocol $json_rpc_edge {
    default {{ $edge }}.{{ $domain }}:8081;
  }

  server {
    listen 8081 reuseport backlog=4096 so_keepalive=on;
    proxy_pass $json_rpc_edge;
  }
  {{- if .Values.intermud.federation }}

  map $protocol $mudmode_edge {
    default {{ $edge }}.{{ $domain }}:9000;
  }

  server {
    listen 9000 reuseport backlog=4096 so_keepalive=on;
    proxy_pass $mudmode_edge;
  }
  {{- end }}
{{- end -}}
