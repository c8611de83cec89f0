// Command kubectl is kubectl, whose own main package is in a module that cannot be
// required: https://github.com/kubernetes/kubernetes/tree/master/cmd/kubectl
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
