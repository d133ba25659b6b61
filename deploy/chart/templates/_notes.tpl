{{/* Lines about all values that have no effect; takes what painless.load made. */}}
{{- define "painless.unheard" -}}
{{- $root := .root -}}
{{- $known := $root.Files.Get "files/known.yaml" | fromYaml -}}
{{- $why := $root.Files.Get "files/elsewhere.yaml" | fromYaml -}}
{{- include "painless.unknown" (dict "path" "" "value" (omit (deepCopy $root.Values) "pools") "known" $known "why" $why) -}}
{{- range $pool, $own := $root.Values.pools -}}
{{- include "painless.unknown" (dict "path" (printf "pools.%s." $pool) "value" (default dict $own) "known" $known.controller "why" dict) -}}
{{- end -}}
{{- range .pools -}}
{{- $self := . -}}
{{- if include "painless.foreignImage" .c.image }}
  controller.image: it names an image of ingress-nginx; {{ include "painless.controllerImage" . }} is used
{{- end -}}
{{- if contains "/wait-shutdown" (toJson .c.lifecycle) }}
  controller.lifecycle: it calls a program of ingress-nginx's image; the controller waits and drains by itself
{{- end -}}
{{- if ne (include "painless.webhookPort" .) (toString (int .c.admissionWebhooks.port)) }}
  controller.admissionWebhooks.port: NGINX listens there; the webhook uses {{ include "painless.webhookPort" . }}
{{- end -}}
{{- range $flag, $value := include "painless.flags" . | fromYaml -}}
{{- if not (include "painless.knows" (dict "root" $root "flag" $flag)) }}
  --{{ $flag }} ({{ $self.name }}): it means nothing to this version; it is left out
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Takes a tree of values and the tree of those that are known, where everything below a leaf is known. */}}
{{- define "painless.unknown" -}}
{{- range $key, $value := .value -}}
{{- $path := printf "%s%s" $.path $key -}}
{{- if hasKey $.why $path }}
  {{ $path }}: {{ index $.why $path }}
{{- else if not (hasKey $.known $key) }}
  {{ $path }}: the chart has no such value
{{- else if and (kindIs "map" $value) (kindIs "map" (index $.known $key)) -}}
{{- include "painless.unknown" (dict "path" (printf "%s." $path) "value" $value "known" (index $.known $key) "why" $.why) -}}
{{- end -}}
{{- end -}}
{{- end -}}
