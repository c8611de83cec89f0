package traffic

// traefikQuestions begin with the redirect from HTTP. They do not ask for /older, which
// Traefik takes for a path below /old at an Ingress and not at a route: the report says so.
var traefikQuestions = []question{
	{"GET", "http://app.example.test/old/page?x=1", nil},
	{"GET", "https://app.example.test/old/page?x=1", nil},
	{"GET", "https://app.example.test/old", nil},
	{"POST", "https://app.example.test/old/deep/er", nil},
	{"GET", "https://app.example.test/", nil},
}

const traefikSource = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: app
  namespace: NAMESPACE
  annotations:
    traefik.ingress.kubernetes.io/router.entrypoints: websecure
    traefik.ingress.kubernetes.io/router.tls: "true"
    traefik.ingress.kubernetes.io/router.middlewares: NAMESPACE-strip@kubernetescrd,NAMESPACE-headers@kubernetescrd
spec:
  ingressClassName: traefik
  tls: [{hosts: [app.example.test], secretName: migrated-tls}]
  rules:
    - host: app.example.test
      http: {paths: [{path: /old, pathType: Prefix, backend: {service: {name: echo, port: {name: http}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: app-http
  namespace: NAMESPACE
  annotations:
    traefik.ingress.kubernetes.io/router.entrypoints: web
    traefik.ingress.kubernetes.io/router.middlewares: NAMESPACE-https@kubernetescrd
spec:
  ingressClassName: traefik
  rules:
    - host: app.example.test
      http: {paths: [{path: /old, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: strip, namespace: NAMESPACE}
spec: {stripPrefix: {prefixes: [/old]}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: headers, namespace: NAMESPACE}
spec: {headers: {customRequestHeaders: {X-Team: shop, X-Debug: ""}, customResponseHeaders: {X-Frame-Options: DENY}}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: https, namespace: NAMESPACE}
spec: {redirectScheme: {scheme: https, permanent: true}}
`

const nginxSource = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: nginx
  namespace: NAMESPACE
  annotations:
    nginx.ingress.kubernetes.io/use-regex: "true"
    nginx.ingress.kubernetes.io/enable-cors: "true"
    nginx.ingress.kubernetes.io/cors-allow-origin: https://app.example.test
    nginx.ingress.kubernetes.io/cors-allow-methods: GET, POST
    nginx.ingress.kubernetes.io/cors-allow-headers: X-Token
    nginx.ingress.kubernetes.io/cors-max-age: "600"
    nginx.ingress.kubernetes.io/limit-rps: "100"
spec:
  ingressClassName: nginx
  tls: [{hosts: [nginx.example.test], secretName: migrated-tls}]
  rules:
    - host: nginx.example.test
      http:
        paths:
          - {path: '/api/.*', pathType: ImplementationSpecific, backend: {service: {name: echo, port: {number: 80}}}}
          - {path: '/item/[0-9]+', pathType: ImplementationSpecific, backend: {service: {name: echo, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: plain, namespace: NAMESPACE}
spec:
  ingressClassName: nginx
  rules:
    - host: nginx-plain.example.test
      http:
        paths:
          - {path: /exactly, pathType: Exact, backend: {service: {name: echo, port: {number: 80}}}}
          - {path: /prefix, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}
`
