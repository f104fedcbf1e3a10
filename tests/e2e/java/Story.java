// The Java SDK with its default public-cloud configuration; the proxy and the trust store come from JAVA_TOOL_OPTIONS.
import com.azure.core.exception.HttpResponseException;
import com.azure.core.exception.ResourceNotFoundException;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.security.keyvault.keys.KeyClient;
import com.azure.security.keyvault.keys.KeyClientBuilder;
import com.azure.security.keyvault.keys.cryptography.CryptographyClient;
import com.azure.security.keyvault.keys.cryptography.CryptographyClientBuilder;
import com.azure.security.keyvault.keys.cryptography.models.EncryptionAlgorithm;
import com.azure.security.keyvault.keys.cryptography.models.KeyWrapAlgorithm;
import com.azure.security.keyvault.keys.cryptography.models.SignatureAlgorithm;
import com.azure.security.keyvault.keys.models.CreateEcKeyOptions;
import com.azure.security.keyvault.keys.models.CreateRsaKeyOptions;
import com.azure.security.keyvault.keys.models.KeyCurveName;
import com.azure.security.keyvault.keys.models.KeyVaultKey;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

public final class Story {
    private static void expect(String what, boolean good) {
        if (!good) {
            throw new AssertionError(what);
        }
        System.out.println("ok " + what);
    }

    private static void refused(String what, int status, Runnable call) {
        try {
            call.run();
        } catch (HttpResponseException e) {
            expect(what + " is refused with " + status, e.getResponse().getStatusCode() == status);
            return;
        }
        throw new AssertionError(what + " was not refused");
    }

    private static void signs(CryptographyClient client, SignatureAlgorithm alg, String hash) throws Exception {
        byte[] digest = MessageDigest.getInstance(hash).digest(new byte[] {1});
        byte[] other = MessageDigest.getInstance(hash).digest(new byte[] {2});
        byte[] signature = client.sign(alg, digest).getSignature();
        expect(alg + " signs and verifies", client.verify(alg, digest, signature).isValid() && !client.verify(alg, other, signature).isValid());
    }

    private static void rsa(KeyClient keys) throws Exception {
        keys.createRsaKey(new CreateRsaKeyOptions("rsa").setKeySize(2048));
        byte[] secret = new byte[32];
        new SecureRandom().nextBytes(secret);
        CryptographyClient client = keys.getCryptographyClient("rsa"); // without a version: /keys/rsa//op (clients.md 12.4)
        for (EncryptionAlgorithm alg : List.of(EncryptionAlgorithm.RSA_OAEP, EncryptionAlgorithm.RSA_OAEP_256, EncryptionAlgorithm.RSA1_5)) {
            expect(alg + " decrypts", Arrays.equals(client.decrypt(alg, client.encrypt(alg, secret).getCipherText()).getPlainText(), secret));
        }
        for (KeyWrapAlgorithm alg : List.of(KeyWrapAlgorithm.RSA_OAEP, KeyWrapAlgorithm.RSA_OAEP_256, KeyWrapAlgorithm.RSA1_5)) {
            expect(alg + " unwraps", Arrays.equals(client.unwrapKey(alg, client.wrapKey(alg, secret).getEncryptedKey()).getKey(), secret));
        }
        for (SignatureAlgorithm alg : List.of(SignatureAlgorithm.RS256, SignatureAlgorithm.RS384, SignatureAlgorithm.RS512, SignatureAlgorithm.PS256,
                SignatureAlgorithm.PS384, SignatureAlgorithm.PS512)) {
            signs(client, alg, "SHA-" + alg.toString().substring(2));
        }
    }

    public static void main(String[] args) throws Exception {
        var credential = new DefaultAzureCredentialBuilder().build();
        KeyClient keys = new KeyClientBuilder().vaultUrl(args[0]).credential(credential).buildClient();
        rsa(keys);
        for (Map.Entry<KeyCurveName, SignatureAlgorithm> e : Map.of(KeyCurveName.P_256, SignatureAlgorithm.ES256, KeyCurveName.P_384,
                SignatureAlgorithm.ES384, KeyCurveName.P_521, SignatureAlgorithm.ES512).entrySet()) {
            KeyVaultKey key = keys.createEcKey(new CreateEcKeyOptions("ec-" + e.getKey()).setCurveName(e.getKey()));
            CryptographyClient client = new CryptographyClientBuilder().keyIdentifier(key.getId()).credential(credential).buildClient();
            signs(client, e.getValue(), "SHA-" + e.getValue().toString().substring(2));
        }
        for (int i = 0; i < 3; i++) {
            keys.createEcKey(new CreateEcKeyOptions("life"));
        }
        expect("versions are listed", keys.listPropertiesOfKeyVersions("life").stream().count() == 3);
        // The SDK sends "key_ops":[] with every update; the key must stay usable (clients.md 12.4).
        KeyVaultKey life = keys.getKey("life");
        keys.updateKeyProperties(life.getProperties().setTags(Map.of("a", "b")));
        KeyVaultKey updated = keys.getKey("life");
        expect("an update keeps the operations of the key", updated.getKeyOperations().equals(life.getKeyOperations())
            && !updated.getKeyOperations().isEmpty() && "b".equals(updated.getProperties().getTags().get("a")));
        var names = keys.listPropertiesOfKeys().stream().map(p -> p.getName()).collect(Collectors.toSet());
        expect("keys are listed", names.containsAll(List.of("rsa", "life")));
        keys.beginDeleteKey("life").waitForCompletion();
        expect("a key is deleted", keys.getDeletedKey("life").getRecoveryId().endsWith("/deletedkeys/life"));
        try {
            keys.getKey("life");
            throw new AssertionError("a deleted key is there");
        } catch (ResourceNotFoundException e) {
            expect("a deleted key is not found", true);
        }
        refused("its name", 409, () -> keys.createEcKey(new CreateEcKeyOptions("life")));
        keys.beginRecoverDeletedKey("life").waitForCompletion();
        expect("a key is recovered", keys.getKey("life").getProperties().getVersion().equals(updated.getProperties().getVersion()));
        keys.beginDeleteKey("life").waitForCompletion();
        keys.purgeDeletedKey("life");
        refused("a purged key", 404, () -> keys.getDeletedKey("life"));
        System.out.println("all passed");
        System.exit(0);
    }
}
