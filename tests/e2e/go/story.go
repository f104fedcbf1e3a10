// The Go SDK with its default public-cloud configuration, through the proxy.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
)

var ctx = context.Background()

func expect(what string, good bool) {
	if !good {
		fmt.Fprintln(os.Stderr, "FAILED", what)
		os.Exit(1)
	}
	fmt.Println("ok", what)
}

func must[T any](what string) func(T, error) T {
	return func(v T, err error) T {
		if err != nil {
			fmt.Fprintln(os.Stderr, "FAILED", what, err)
			os.Exit(1)
		}
		return v
	}
}

func refused(what string, err error, status int, code string) {
	var response *azcore.ResponseError
	expect(fmt.Sprintf("%s is refused with %d %s", what, status, code),
		errors.As(err, &response) && response.StatusCode == status && response.ErrorCode == code)
}

func oid(credential azcore.TokenCredential) string {
	token := must[azcore.AccessToken]("token")(credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://vault.azure.net/.default"}}))
	part := must[[]byte]("claims")(base64.RawURLEncoding.DecodeString(strings.Split(token.Token, ".")[1]))
	var claims struct{ Oid string }
	_ = json.Unmarshal(part, &claims)
	return claims.Oid
}

func makeVault(vaults *armkeyvault.VaultsClient, name, who string, protected *bool) armkeyvault.Vault {
	poller := must[*runtime.Poller[armkeyvault.VaultsClientCreateOrUpdateResponse]]("vault")(vaults.BeginCreateOrUpdate(ctx, "rg", name, armkeyvault.VaultCreateOrUpdateParameters{
		Location: to.Ptr("westeurope"),
		Properties: &armkeyvault.VaultProperties{
			TenantID:                to.Ptr(os.Getenv("AZURE_TENANT_ID")),
			SKU:                     &armkeyvault.SKU{Family: to.Ptr(armkeyvault.SKUFamilyA), Name: to.Ptr(armkeyvault.SKUNameStandard)},
			EnableRbacAuthorization: to.Ptr(false),
			EnablePurgeProtection:   protected,
			AccessPolicies: []*armkeyvault.AccessPolicyEntry{{
				TenantID: to.Ptr(os.Getenv("AZURE_TENANT_ID")), ObjectID: to.Ptr(who),
				Permissions: &armkeyvault.Permissions{Keys: []*armkeyvault.KeyPermissions{to.Ptr(armkeyvault.KeyPermissionsAll)}},
			}},
		},
	}, nil))
	return must[armkeyvault.VaultsClientCreateOrUpdateResponse]("vault")(poller.PollUntilDone(ctx, nil)).Vault
}

func vaultStory(credential azcore.TokenCredential) string {
	vaults := must[*armkeyvault.VaultsClient]("client")(armkeyvault.NewVaultsClient(os.Getenv("AZURE_SUBSCRIPTION_ID"), credential, nil))
	vault := makeVault(vaults, "govault", oid(credential), nil)
	expect("a vault is created", *vault.Properties.VaultURI == "https://govault.vault.azure.net/")
	_, err := vaults.Get(ctx, "rg", "nosuchvault", nil)
	refused("a vault that is not there", err, 404, "ResourceNotFound")
	makeVault(vaults, "gogone", oid(credential), nil)
	must[armkeyvault.VaultsClientDeleteResponse]("delete")(vaults.Delete(ctx, "rg", "gogone", nil))
	must[armkeyvault.VaultsClientGetDeletedResponse]("deleted")(vaults.GetDeleted(ctx, "gogone", "westeurope", nil))
	purge := must[*runtime.Poller[armkeyvault.VaultsClientPurgeDeletedResponse]]("purge")(vaults.BeginPurgeDeleted(ctx, "gogone", "westeurope", nil))
	must[armkeyvault.VaultsClientPurgeDeletedResponse]("purge")(purge.PollUntilDone(ctx, nil))
	_, err = vaults.GetDeleted(ctx, "gogone", "westeurope", nil)
	expect("a vault is purged", err != nil)
	return *vault.Properties.VaultURI
}

func cryptoStory(keys *azkeys.Client) {
	rsa := must[azkeys.CreateKeyResponse]("create")(keys.CreateKey(ctx, "rsa", azkeys.CreateKeyParameters{Kty: to.Ptr(azkeys.KeyTypeRSA), KeySize: to.Ptr[int32](2048)}, nil))
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	// "" is the latest version: the SDK sends /keys/rsa/wrapkey (clients.md 12.4)
	for _, version := range []string{"", rsa.Key.KID.Version()} {
		for _, alg := range []azkeys.EncryptionAlgorithm{azkeys.EncryptionAlgorithmRSAOAEP, azkeys.EncryptionAlgorithmRSAOAEP256, azkeys.EncryptionAlgorithmRSA15} {
			in := azkeys.KeyOperationParameters{Algorithm: to.Ptr(alg), Value: secret}
			wrapped := must[azkeys.WrapKeyResponse]("wrap")(keys.WrapKey(ctx, "rsa", version, in, nil))
			in.Value = wrapped.Result
			expect(fmt.Sprintf("%s unwraps (version %q)", alg, version), bytes.Equal(must[azkeys.UnwrapKeyResponse]("unwrap")(keys.UnwrapKey(ctx, "rsa", version, in, nil)).Result, secret))
			in.Value = secret
			in.Value = must[azkeys.EncryptResponse]("encrypt")(keys.Encrypt(ctx, "rsa", version, in, nil)).Result
			expect(fmt.Sprintf("%s decrypts (version %q)", alg, version), bytes.Equal(must[azkeys.DecryptResponse]("decrypt")(keys.Decrypt(ctx, "rsa", version, in, nil)).Result, secret))
		}
		for _, alg := range []azkeys.SignatureAlgorithm{azkeys.SignatureAlgorithmRS256, azkeys.SignatureAlgorithmRS384, azkeys.SignatureAlgorithmRS512,
			azkeys.SignatureAlgorithmPS256, azkeys.SignatureAlgorithmPS384, azkeys.SignatureAlgorithmPS512} {
			signs(keys, "rsa", version, alg)
		}
	}
	for crv, alg := range map[azkeys.CurveName]azkeys.SignatureAlgorithm{azkeys.CurveNameP256: azkeys.SignatureAlgorithmES256, azkeys.CurveNameP384: azkeys.SignatureAlgorithmES384,
		azkeys.CurveNameP521: azkeys.SignatureAlgorithmES512, azkeys.CurveNameP256K: azkeys.SignatureAlgorithmES256K} {
		name := "ec-" + string(crv)
		must[azkeys.CreateKeyResponse]("create")(keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: to.Ptr(azkeys.KeyTypeEC), Curve: to.Ptr(crv)}, nil))
		signs(keys, name, "", alg)
	}
}

func signs(keys *azkeys.Client, name, version string, alg azkeys.SignatureAlgorithm) {
	hash := func(text string) []byte {
		switch {
		case strings.Contains(string(alg), "384"):
			h := sha512.Sum384([]byte(text))
			return h[:]
		case strings.Contains(string(alg), "512"):
			h := sha512.Sum512([]byte(text))
			return h[:]
		}
		h := sha256.Sum256([]byte(text))
		return h[:]
	}
	signature := must[azkeys.SignResponse]("sign")(keys.Sign(ctx, name, version, azkeys.SignParameters{Algorithm: to.Ptr(alg), Value: hash("data")}, nil)).Result
	check := func(text string) bool {
		return *must[azkeys.VerifyResponse]("verify")(keys.Verify(ctx, name, version, azkeys.VerifyParameters{Algorithm: to.Ptr(alg), Digest: hash(text), Signature: signature}, nil)).Value
	}
	expect(fmt.Sprintf("%s signs and verifies (version %q)", alg, version), check("data") && !check("other"))
}

func lifeStory(keys *azkeys.Client) {
	for range 3 {
		must[azkeys.CreateKeyResponse]("create")(keys.CreateKey(ctx, "life", azkeys.CreateKeyParameters{Kty: to.Ptr(azkeys.KeyTypeEC)}, nil))
	}
	n := 0
	for pager := keys.NewListKeyPropertiesVersionsPager("life", nil); pager.More(); {
		n += len(must[azkeys.ListKeyPropertiesVersionsResponse]("versions")(pager.NextPage(ctx)).Value)
	}
	expect("versions are listed", n == 3)
	updated := must[azkeys.UpdateKeyResponse]("update")(keys.UpdateKey(ctx, "life", "", azkeys.UpdateKeyParameters{
		KeyAttributes: &azkeys.KeyAttributes{Enabled: to.Ptr(false)}, Tags: map[string]*string{"a": to.Ptr("b")}}, nil))
	expect("a key is updated", !*updated.Attributes.Enabled && *updated.Tags["a"] == "b")
	names := map[string]bool{}
	for pager := keys.NewListKeyPropertiesPager(nil); pager.More(); {
		for _, k := range must[azkeys.ListKeyPropertiesResponse]("keys")(pager.NextPage(ctx)).Value {
			names[k.KID.Name()] = true
		}
	}
	expect("keys are listed", names["life"] && names["rsa"])
	deleted := must[azkeys.DeleteKeyResponse]("delete")(keys.DeleteKey(ctx, "life", nil))
	expect("a key is deleted", *deleted.RecoveryID == "https://govault.vault.azure.net/deletedkeys/life")
	_, err := keys.GetKey(ctx, "life", "", nil)
	refused("a deleted key", err, 404, "KeyNotFound")
	_, err = keys.CreateKey(ctx, "life", azkeys.CreateKeyParameters{Kty: to.Ptr(azkeys.KeyTypeEC)}, nil)
	refused("its name", err, 409, "Conflict")
	must[azkeys.RecoverDeletedKeyResponse]("recover")(keys.RecoverDeletedKey(ctx, "life", nil))
	expect("a key is recovered", !*must[azkeys.GetKeyResponse]("get")(keys.GetKey(ctx, "life", "", nil)).Attributes.Enabled)
	must[azkeys.DeleteKeyResponse]("delete")(keys.DeleteKey(ctx, "life", nil))
	must[azkeys.PurgeDeletedKeyResponse]("purge")(keys.PurgeDeletedKey(ctx, "life", nil))
	_, err = keys.GetDeletedKey(ctx, "life", nil)
	refused("a purged key", err, 404, "KeyNotFound")
}

func main() {
	credential := must[*azidentity.DefaultAzureCredential]("credential")(azidentity.NewDefaultAzureCredential(nil))
	uri := vaultStory(credential)
	keys := must[*azkeys.Client]("client")(azkeys.NewClient(uri, credential, nil))
	cryptoStory(keys)
	lifeStory(keys)
	fmt.Println("all passed")
}
