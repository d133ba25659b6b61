{{/* The release's name as a prefix, as Helm's own charts have it. */}}
{{- define "painless.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "painless.namespace" -}}
{{ default .Release.Namespace .Values.namespaceOverride }}
{{- end -}}

{{- define "painless.serviceAccount" -}}
{{ default (include "painless.fullname" .) .Values.serviceAccount.name }}
{{- end -}}

{{/*
Takes a dictionary with "root" and sets its "pools": what each controller is made of. "c" has its values. A pool
inherits all of controller but what belongs to one controller only: its class, addresses and ports of nodes.
*/}}
{{- define "painless.load" -}}
{{- $root := .root -}}
{{- $base := printf "%s-%s" (include "painless.fullname" $root) $root.Values.controller.name -}}
{{- $pools := list -}}
{{- if $root.Values.controller.enabled -}}
{{- $pools = append $pools (dict "root" $root "pool" "" "name" $base "component" $root.Values.controller.name "c" $root.Values.controller) -}}
{{- end -}}
{{- range $pool, $own := $root.Values.pools -}}
{{- $class := printf "%s-%s" $root.Values.controller.ingressClassResource.name $pool -}}
{{- $single := dict
      "ingressClass" $class
      "ingressClassResource" (dict "name" $class "default" false "aliases" list
        "controllerValue" (printf "%s-%s" $root.Values.controller.ingressClassResource.controllerValue $pool))
      "electionID" "" "watchIngressWithoutClass" false "publishService" (dict "pathOverride" "")
      "service" (dict "clusterIP" "" "externalIPs" list "loadBalancerIP" "" "healthCheckNodePort" "" "nodePorts" (dict "http" "" "https" "")
        "internal" (dict "clusterIP" "" "externalIPs" list "loadBalancerIP" "" "nodePorts" (dict "http" "" "https" "")))
-}}
{{- $c := mergeOverwrite (deepCopy $root.Values.controller) $single (deepCopy (default dict $own)) -}}
{{- $pools = append $pools (dict "root" $root "pool" $pool "name" (printf "%s-%s" $base $pool) "component" (printf "%s-%s" $root.Values.controller.name $pool) "c" $c) -}}
{{- end -}}
{{- $_ := set . "pools" $pools -}}
{{- end -}}

{{/* Labels that choose the Pods of a pool. */}}
{{- define "painless.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "painless.labels" -}}
{{ include "painless.selector" . }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- with .c }}{{ with .labels }}
{{ toYaml . }}
{{- end }}{{ end }}
{{- end -}}

{{/* Whether image settings name an image of ingress-nginx, which is none of ours. */}}
{{- define "painless.foreignImage" -}}
{{- if or (contains "ingress-nginx" (printf "%s %s" .repository .image)) (regexMatch "^v[0-9]" (toString .tag)) (contains "ingress-nginx" (toString .registry)) -}}true{{- end -}}
{{- end -}}

{{/* Takes "image", "root" and "tag", the tag where none is given. */}}
{{- define "painless.image" -}}
{{- $registry := default .root.Values.global.image.registry .image.registry -}}
{{- $place := default (trimPrefix "/" (printf "%s/%s" $registry .image.image)) .image.repository -}}
{{ $place }}:{{ default .tag .image.tag }}{{ with .image.digest }}@{{ . }}{{ end }}
{{- end -}}

{{- define "painless.controllerImage" -}}
{{- $image := .c.image -}}
{{- if include "painless.foreignImage" $image -}}
{{- $ours := contains "ingress-nginx" (toString $image.registry) | ternary "" $image.registry -}}
{{- $image = dict "registry" $ours "image" "painless-controller" "repository" "" "tag" "" "digest" "" -}}
{{- end -}}
{{ include "painless.image" (dict "image" $image "root" .root "tag" .root.Chart.AppVersion) }}
{{- end -}}

{{- define "painless.nginxImage" -}}
{{ include "painless.image" (dict "image" .c.nginx.image "root" .root "tag" "") }}
{{- end -}}

{{- define "painless.httpPort" -}}
{{ int (default (.c.hostNetwork | ternary 80 8080) .c.containerPort.http) }}
{{- end -}}
{{- define "painless.httpsPort" -}}
{{ int (default (.c.hostNetwork | ternary 443 8443) .c.containerPort.https) }}
{{- end -}}
{{- define "painless.healthPort" -}}
{{ int (default .c.metrics.port (index .c.extraArgs "healthz-port")) }}
{{- end -}}
{{- define "painless.webhookPort" -}}
{{- $taken := list (include "painless.httpPort" .) (include "painless.httpsPort" .) -}}
{{ has (toString (int .c.admissionWebhooks.port)) $taken | ternary 9443 (int .c.admissionWebhooks.port) }}
{{- end -}}

{{/*
Where the admin page is; empty for nowhere. On the host's network loopback is everybody's on the node, so there it
needs tokens.
*/}}
{{- define "painless.adminAddress" -}}
{{- if not .c.admin.enabled -}}
{{- else if .c.admin.exposed -}}:{{ int .c.admin.port }}
{{- else if or .c.admin.tokenSecret (not .c.hostNetwork) -}}127.0.0.1:{{ int .c.admin.port }}
{{- end -}}
{{- end -}}

{{/* Seconds: how long traffic goes on after the order to stop, how long requests may take then, what comes after. */}}
{{- define "painless.shutdown" -}}
{{- $grace := int (hasKey .c.extraArgs "shutdown-grace-period" | ternary (index .c.extraArgs "shutdown-grace-period") 10) -}}
{{- $post := int (hasKey .c.extraArgs "post-shutdown-grace-period" | ternary (index .c.extraArgs "post-shutdown-grace-period") 0) -}}
{{- $patience := int (hasKey .c.extraArgs "shutdown-patience" | ternary (index .c.extraArgs "shutdown-patience") 240) -}}
{{- $margin := 10 -}}
{{- with .c.terminationGracePeriodSeconds -}}
{{- $patience = max 0 (sub (int .) (add $grace $post $margin)) -}}
{{- end -}}
{{- dict "grace" $grace "post" $post "patience" $patience "total" (default (add $grace $patience $post $margin) .c.terminationGracePeriodSeconds | int) | toJson -}}
{{- end -}}

{{/* What is asked of the program, by flag: values first, then extraArgs, which win. */}}
{{- define "painless.flags" -}}
{{- $root := .root -}}{{- $c := .c -}}
{{- $own := "$(POD_NAMESPACE)" -}}
{{- $stop := include "painless.shutdown" . | fromJson -}}
{{- $flags := dict
      "nginx-runner" "/run/painless"
      "state-dir" "/var/lib/painless"
      "configmap" (printf "%s/%s" (default $own $c.configMapNamespace) .name)
      "controller-class" $c.ingressClassResource.controllerValue
      "ingress-class" $c.ingressClass
      "election-id" (default (printf "%s-leader" .name) $c.electionID)
      "http-port" (include "painless.httpPort" .)
      "https-port" (include "painless.httpsPort" .)
      "healthz-port" (include "painless.healthPort" .)
      "shutdown-grace-period" $stop.grace
      "post-shutdown-grace-period" $stop.post
      "shutdown-patience" $stop.patience
-}}
{{- $maybe := dict
      "election-ttl" $c.electionTTL
      "healthz-host" $c.healthCheckHost
      "watch-namespace-selector" $c.scope.namespaceSelector
      "health-check-path" (eq $c.healthCheckPath "/healthz" | ternary "" $c.healthCheckPath)
      "ingress-class-by-name" (or $c.ingressClassByName $root.Values.rbac.scope | ternary "true" "")
      "watch-ingress-without-class" ($c.watchIngressWithoutClass | ternary "true" "")
      "report-node-internal-ip-address" ($c.reportNodeInternalIp | ternary "true" "")
      "enable-metrics" ($c.metrics.enabled | ternary "true" "")
      "disable-leader-election" ($c.disableLeaderElection | ternary "true" "")
      "enable-topology-aware-routing" ($c.enableTopologyAwareRouting | ternary "true" "")
      "watch-namespace" ($c.scope.enabled | ternary (default $own $c.scope.namespace) "")
      "publish-service" (and $c.publishService.enabled $c.service.enabled | ternary (default (printf "%s/%s" $own (include "painless.published" .)) $c.publishService.pathOverride) "")
      "default-backend-service" ($root.Values.defaultBackend.enabled | ternary (printf "%s/%s-%s" $own (include "painless.fullname" $root) $root.Values.defaultBackend.name) "")
-}}
{{- if not .pool -}}
{{- range $protocol := list "tcp" "udp" -}}
{{- if index $root.Values $protocol -}}
{{- $_ := set $flags (printf "%s-services-configmap" $protocol) (printf "%s/%s-%s" (default $own (index $c $protocol).configMapNamespace) (include "painless.fullname" $root) $protocol) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := set $flags "admin-address" (include "painless.adminAddress" .) -}}
{{- if include "painless.adminAddress" . -}}
{{- with $c.admin.tokenSecret -}}{{- $_ := set $flags "admin-token-file" "/etc/painless/admin-tokens/tokens" -}}{{- end -}}
{{- with $c.admin.tlsSecret -}}
{{- $_ := set $flags "admin-tls-cert-file" "/etc/painless/admin-tls/tls.crt" -}}
{{- $_ := set $flags "admin-tls-key-file" "/etc/painless/admin-tls/tls.key" -}}
{{- end -}}
{{- end -}}
{{- if $c.admissionWebhooks.enabled -}}
{{- $_ := set $flags "validating-webhook" (printf ":%s" (include "painless.webhookPort" .)) -}}
{{- $_ := set $flags "validating-webhook-certificate" "/etc/painless/webhook/tls.crt" -}}
{{- $_ := set $flags "validating-webhook-key" "/etc/painless/webhook/tls.key" -}}
{{- end -}}
{{- range $flag, $value := $maybe -}}{{- if $value -}}{{- $_ := set $flags $flag $value -}}{{- end -}}{{- end -}}
{{- $args := dict -}}
{{- range $flag, $value := mergeOverwrite $flags (deepCopy $c.extraArgs) -}}{{- $_ := set $args $flag (kindIs "invalid" $value | ternary "" (toString $value)) -}}{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{/* Whether the program of this chart knows a flag; takes "root" and "flag". */}}
{{- define "painless.knows" -}}
{{- if has .flag (splitList "\n" (.root.Files.Get "files/flags.txt")) -}}true{{- end -}}
{{- end -}}

{{/* The Service whose address goes into the status. */}}
{{- define "painless.published" -}}
{{ .name }}{{ if and .c.service.internal.enabled (not .c.service.external.enabled) }}-internal{{ end }}
{{- end -}}

{{- define "painless.webhookService" -}}{{ .name }}-{{ .c.admissionWebhooks.name }}{{- end -}}
{{- define "painless.webhookSecret" -}}
{{ default (printf "%s-%s" .name .c.admissionWebhooks.name) .c.admissionWebhooks.existingSecret }}
{{- end -}}

{{/* The Secrets of the admin port, by what they are for. */}}
{{- define "painless.adminSecrets" -}}
{{- $found := dict -}}
{{- if include "painless.adminAddress" . -}}
{{- with .c.admin.tokenSecret -}}{{- $_ := set $found "tokens" . -}}{{- end -}}
{{- with .c.admin.tlsSecret -}}{{- $_ := set $found "tls" . -}}{{- end -}}
{{- end -}}
{{ toJson $found }}
{{- end -}}
