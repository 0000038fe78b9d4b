namespace SyncCluster.TheEye;

/// <summary>The user of a token, and the user's current customer.</summary>
public sealed record TheEyeUser
{
    public string Id { get; init; } = NewId.Next();

    public string Username { get; init; } = "user";

    public string Email { get; init; } = "user@example.com";

    public string Name { get; init; } = "A User";

    /// <summary>viewer, user, agent, manager, admin, integration, owner or root.</summary>
    public string Credential { get; init; } = "user";

    /// <summary>Roles and <c>k:v</c> tags, which access lists may name.</summary>
    public IReadOnlyCollection<string> Roles { get; init; } = [];

    public required string CustomerId { get; init; }

    /// <summary>The current customer's name, as in paths.</summary>
    public required string Customer { get; init; }
}
