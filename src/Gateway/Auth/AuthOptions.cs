using System.ComponentModel.DataAnnotations;

namespace SyncCluster.Gateway.Auth;

/// <summary>The callers. Section <c>Auth</c>. Without a customer the server runs as a demonstration, on loopback only.</summary>
internal sealed class AuthOptions
{
    public const string Section = "Auth";

    /// <summary>By the customer's name, as in the path.</summary>
    public Dictionary<string, CustomerOptions> Customers { get; set; } = [];

    internal bool HasUsers => Customers.Values.Any(customer => customer.Users.Count > 0);
}

internal sealed class CustomerOptions
{
    public List<UserOptions> Users { get; set; } = [];
}

/// <summary>A token of a customer.</summary>
internal sealed class UserOptions
{
    [Required]
    public string Username { get; set; } = "";

    public string Email { get; set; } = "";

    public Credential Credential { get; set; }

    /// <summary>SHA-256 of the token, 64 hex digits, as the <c>token</c> command prints it.</summary>
    public string TokenSha256 { get; set; } = "";

    /// <summary>Roles and <c>k:v</c> tags that access lists may name.</summary>
    public List<string> Roles { get; set; } = [];

    /// <summary>The token is refused from then on. Default: never.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }
}
