use azure_core::{credentials::Secret, error::ErrorKind, http::StatusCode};
use azure_identity::ClientSecretCredential;
use azure_security_keyvault_keys::{models::*, KeyClient, ResourceExt as _};
use futures::TryStreamExt;
use std::{collections::HashMap, env};

type Any<T> = Result<T, Box<dyn std::error::Error>>;

fn expect(what: &str, ok: bool) {
    if !ok {
        eprintln!("not so: {what}");
        std::process::exit(1);
    }
    println!("ok {what}");
}

#[tokio::main]
async fn main() -> Any<()> {
    let var = |n: &str| env::var(n).unwrap();
    let credential = ClientSecretCredential::new(
        &var("AZURE_TENANT_ID"),
        var("AZURE_CLIENT_ID"),
        Secret::new(var("AZURE_CLIENT_SECRET")),
        None,
    )?;
    let client = KeyClient::new("https://rust-vault.vault.azure.net/", credential, None)?;
    let body = CreateKeyParameters {
        kty: Some(KeyType::Rsa),
        key_size: Some(2048),
        ..Default::default()
    };
    let key = client.create_key("kek", body.try_into()?, None).await?.into_model()?;
    expect("a key is created", matches!(key.key, Some(ref k) if k.e == Some(vec![1, 0, 1])));
    let version = key.resource_id()?.version.unwrap();
    let got = client
        .get_key(
            "kek",
            Some(KeyClientGetKeyOptions {
                key_version: Some(version.clone()),
                ..Default::default()
            }),
        )
        .await?
        .into_model()?;
    expect("and read by its version", got.key.unwrap().n == key.key.unwrap().n);
    let dek = vec![7u8; 32];
    let mut p = KeyOperationParameters {
        algorithm: Some(EncryptionAlgorithm::RsaOaep256),
        value: Some(dek.clone()),
        ..Default::default()
    };
    let wrapped = client.wrap_key("kek", p.clone().try_into()?, None).await?.into_model()?;
    p.value = wrapped.result;
    let plain = client.unwrap_key("kek", &version, p.clone().try_into()?, None).await?.into_model()?;
    expect("what was wrapped is unwrapped", plain.result == Some(dek));
    let body = CreateKeyParameters {
        kty: Some(KeyType::Ec),
        curve: Some(CurveName::P256),
        ..Default::default()
    };
    client.create_key("signer", body.try_into()?, None).await?;
    let digest = vec![1u8; 32];
    let s = SignParameters {
        algorithm: Some(SignatureAlgorithm::Es256),
        value: Some(digest.clone()),
        ..Default::default()
    };
    let signer = client.get_key("signer", None).await?.into_model()?.resource_id()?.version.unwrap();
    let signature = client.sign("signer", s.try_into()?, None).await?.into_model()?.result;
    let v = VerifyParameters {
        algorithm: Some(SignatureAlgorithm::Es256),
        digest: Some(digest),
        signature,
        ..Default::default()
    };
    expect(
        "what was signed is verified",
        client.verify("signer", &signer, v.try_into()?, None).await?.into_model()?.value == Some(true),
    );
    let mut names: Vec<String> = client
        .list_key_properties(None)?
        .try_collect::<Vec<_>>()
        .await?
        .iter()
        .map(|k| k.resource_id().unwrap().name)
        .collect();
    names.sort();
    expect("keys are listed", names == ["kek", "signer"]);
    let update = UpdateKeyPropertiesParameters {
        key_attributes: Some(KeyAttributes {
            enabled: Some(false),
            ..Default::default()
        }),
        tags: Some(HashMap::from([("a".into(), "b".into())])),
        ..Default::default()
    };
    client.update_key_properties("kek", update.try_into()?, None).await?;
    let e = client.unwrap_key("kek", &version, p.try_into()?, None).await.err().unwrap();
    expect(
        "a disabled key is 403",
        matches!(
            e.kind(),
            ErrorKind::HttpResponse {
                status: StatusCode::Forbidden,
                ..
            }
        ),
    );
    client.rotate_key("signer", None).await?;
    expect(
        "a key is rotated",
        client.list_key_properties_versions("signer", None)?.try_collect::<Vec<_>>().await?.len() == 2,
    );
    client.delete_key("signer", None).await?;
    let e = client.get_key("signer", None).await.err().unwrap();
    expect(
        "a deleted key is 404",
        matches!(
            e.kind(),
            ErrorKind::HttpResponse {
                status: StatusCode::NotFound,
                ..
            }
        ),
    );
    client.recover_deleted_key("signer", None).await?;
    client.delete_key("signer", None).await?;
    client.purge_deleted_key("signer", None).await?;
    println!("all passed");
    Ok(())
}
