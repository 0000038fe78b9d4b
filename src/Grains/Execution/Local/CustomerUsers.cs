using Microsoft.Extensions.Options;

namespace SyncCluster.Execution.Local;

/// <summary>The users that the scripts of customers run as.</summary>
internal sealed class CustomerUsers(IOptions<LocalExecutorOptions> options)
{
    private readonly Dictionary<string, int> _users = options.Value.Users;

    /// <summary>Finds a customer's user. False: customers have users, but this one has none, and its scripts must not run.</summary>
    /// <param name="customer">The customer's name.</param>
    /// <param name="user">The id of the user; null if scripts run as the server's user.</param>
    public bool TryFind(string customer, out int? user)
    {
        user = _users.TryGetValue(customer, out var id) ? id : null;
        return user is not null || _users.Count == 0;
    }
}
