using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;

namespace SyncCluster.Gateway.Auth;

/// <summary>The user that a token belongs to, and the customer.</summary>
internal sealed record Caller
{
    public required string Customer { get; init; }

    public required string Username { get; init; }

    public string Email { get; init; } = "";

    public required Credential Credential { get; init; }

    /// <summary>Roles and <c>k:v</c> tags: an access list may name them, as it may the e-mail.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>As the job document shows it.</summary>
    public JobUser User => new(Username, Email);

    /// <summary>
    /// Whether an access list allows the caller. An empty list allows everyone; any other list allows those that it names by e-mail, credential, role or
    /// tag, and administrators.
    /// </summary>
    public bool IsAllowedBy(IReadOnlyCollection<string> acl) => acl.Count == 0 || Viewer.IsAllowedBy(acl);

    /// <summary>The caller as access lists know it.</summary>
    public JobViewer Viewer => new(Credential >= Credential.Admin, [Email, Credential.ToString(), .. Roles]);

    /// <summary>Whether both are the same user with the same rights.</summary>
    public bool Equals(Caller? other) =>
        other is not null
        && (Customer, Username, Email, Credential) == (other.Customer, other.Username, other.Email, other.Credential)
        && Roles.SequenceEqual(other.Roles);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Customer, Username, Email, Credential);
}
