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

    public required string CustomerId { get; init; }

    /// <summary>The current customer's name, as in paths.</summary>
    public required string Customer { get; init; }
}
