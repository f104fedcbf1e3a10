# A customer-managed key as Terraform users have it. cmk_key: which of the two keys the account is bound to.
terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm" }
  }
}

provider "azurerm" {
  features {
    key_vault {
      purge_soft_delete_on_destroy = false
    }
    cognitive_account {
      purge_soft_delete_on_destroy = true
    }
  }
  resource_provider_registrations = "none"
}

variable "cmk_key" {
  default = "good"
}

data "azurerm_client_config" "me" {}

resource "azurerm_resource_group" "rg" {
  name     = "tf-rg"
  location = "westeurope"
}

resource "azurerm_user_assigned_identity" "user" {
  name                = "tf-user"
  location            = azurerm_resource_group.rg.location
  resource_group_name = azurerm_resource_group.rg.name
}

resource "azurerm_cognitive_account" "ai" {
  name                  = "tf-account"
  location              = azurerm_resource_group.rg.location
  resource_group_name   = azurerm_resource_group.rg.name
  kind                  = "OpenAI"
  sku_name              = "S0"
  custom_subdomain_name = "tf-account"
  tags                  = { env = "test" }
  identity {
    type = "SystemAssigned"
  }
  network_acls {
    default_action = "Allow"
    ip_rules       = ["200.0.0.0/24"]
  }
  lifecycle {
    ignore_changes = [customer_managed_key]
  }
}

resource "azurerm_cognitive_account" "foundry" {
  name                               = "tf-foundry"
  location                           = azurerm_resource_group.rg.location
  resource_group_name                = azurerm_resource_group.rg.name
  kind                               = "AIServices"
  sku_name                           = "S0"
  custom_subdomain_name              = "tf-foundry"
  local_auth_enabled                 = false
  outbound_network_access_restricted = true
  fqdns                              = ["example.com"]
  identity {
    type         = "SystemAssigned, UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.user.id]
  }
}

resource "azurerm_cognitive_deployment" "chat" {
  name                 = "chat"
  cognitive_account_id = azurerm_cognitive_account.ai.id
  model {
    format  = "OpenAI"
    name    = "gpt-4o"
    version = "2024-08-06"
  }
  sku {
    name     = "Standard"
    capacity = 1
  }
}

resource "azurerm_key_vault" "vault" {
  name                       = "tf-vault"
  location                   = azurerm_resource_group.rg.location
  resource_group_name        = azurerm_resource_group.rg.name
  tenant_id                  = data.azurerm_client_config.me.tenant_id
  sku_name                   = "standard"
  purge_protection_enabled   = true
  rbac_authorization_enabled = false
}

resource "azurerm_key_vault_access_policy" "me" {
  key_vault_id    = azurerm_key_vault.vault.id
  tenant_id       = data.azurerm_client_config.me.tenant_id
  object_id       = data.azurerm_client_config.me.object_id
  key_permissions = ["Get", "Create", "Delete", "List", "Recover", "Update", "GetRotationPolicy", "SetRotationPolicy"]
}

resource "azurerm_key_vault_access_policy" "ai" {
  key_vault_id    = azurerm_key_vault.vault.id
  tenant_id       = azurerm_cognitive_account.ai.identity[0].tenant_id
  object_id       = azurerm_cognitive_account.ai.identity[0].principal_id
  key_permissions = ["Get", "UnwrapKey", "WrapKey"]
}

resource "azurerm_role_assignment" "reader" {
  scope                = azurerm_key_vault.vault.id
  role_definition_name = "Key Vault Reader"
  principal_id         = azurerm_user_assigned_identity.user.principal_id
}

resource "azurerm_key_vault_key" "key" {
  for_each        = { good = 2048, large = 4096 }
  name            = each.key
  key_vault_id    = azurerm_key_vault.vault.id
  key_type        = "RSA"
  key_size        = each.value
  key_opts        = ["unwrapKey", "wrapKey"]
  expiration_date = "2038-01-01T00:00:00Z"
  rotation_policy {
    automatic {
      time_before_expiry = "P30D"
    }
    expire_after         = "P90D"
    notify_before_expiry = "P29D"
  }
  depends_on = [azurerm_key_vault_access_policy.me]
}

resource "azurerm_cognitive_account_customer_managed_key" "cmk" {
  cognitive_account_id = azurerm_cognitive_account.ai.id
  key_vault_key_id     = azurerm_key_vault_key.key[var.cmk_key].id
  depends_on           = [azurerm_key_vault_access_policy.ai]
}
