namespace SyncCluster.TheEye;

/// <summary>Who a token stands for, and the one customer that counts for it.</summary>
public sealed record TheEyeUser
{
    public string Id { get; init; } = NewId.Next();

    public string Username { get; init; } = "user";

    public string Email { get; init; } = "user@example.com";

    public string Name { get; init; } = "A User";

    /// <summary>viewer, user, agent, manager, integration, admin, owner or root.</summary>
    public string Credential { get; init; } = "user";

    /// <summary>What access lists may name beside the e-mail and the credential: roles and <c>k:v</c> tags.</summary>
    public IReadOnlyCollection<string> Roles { get; init; } = [];

    public required string CustomerId { get; init; }

    /// <summary>The current customer's name, as in paths.</summary>
    public required string Customer { get; init; }
}
