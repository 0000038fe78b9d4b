using StackExchange.Redis;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Keeps servers of version 0.1 and of this version from running under one name with different keys, where neither would know the other's jobs: a
/// text in the place where version 0.1 has the membership of that name. Version 0.1 can't start where the text is, this version where a membership is.
/// </summary>
/// <param name="database">The cluster's Redis.</param>
/// <param name="name">The cluster's name. The default name needs no claim: both versions have the same keys for it.</param>
internal sealed class NameClaim(IDatabase database, string name)
{
    private const string Final = "The keys of this cluster begin with its name.";
    private const string Renaming = "The keys of this cluster are being renamed.";

    private readonly RedisKey _key = RedisKeys.MembersInVersion01(name);

    /// <summary>Claims the name unless it is claimed.</summary>
    /// <returns>Null, or a sentence that says why no server can start with this name.</returns>
    public async Task<string?> TakeAsync() =>
        name == RedisKeys.DefaultName || await database.StringSetAsync(_key, Final, when: When.NotExists) ? null
        : await database.KeyTypeAsync(_key) != RedisType.String
            ? $"Version 0.1 has stored jobs and tasks for the cluster `{name}` under keys without its name. Stop all servers of the cluster, "
                + $"run `{RenameKeysCommand.Usage}` with the same Cluster:Redis and Cluster:Name, and start them again."
        : await IsRenamingAsync() ? $"Not all keys of the cluster `{name}` have been renamed: run `{RenameKeysCommand.Usage}` again."
        : null;

    /// <summary>Whether a renaming has begun and not ended.</summary>
    public async Task<bool> IsRenamingAsync() =>
        await database.KeyTypeAsync(_key) == RedisType.String && await database.StringGetAsync(_key) == Renaming;

    /// <summary>Begins to rename the records. No server can start until <see cref="EndRenamingAsync"/>.</summary>
    /// <inheritdoc cref="ReplaceAsync"/>
    public Task<bool> BeginRenamingAsync(Membership membership) => ReplaceAsync(membership, Renaming);

    /// <summary>Lets servers of this version start.</summary>
    public Task EndRenamingAsync() => database.StringSetAsync(_key, Final);

    /// <summary>Lets servers of this version start without any of the records.</summary>
    /// <inheritdoc cref="ReplaceAsync"/>
    public Task<bool> LeaveRecordsAsync(Membership membership) => ReplaceAsync(membership, Final);

    /// <param name="membership">The membership of version 0.1, as it was last read.</param>
    /// <param name="text">The claim.</param>
    /// <returns>False if the membership has changed since, and nothing was done.</returns>
    private async Task<bool> ReplaceAsync(Membership membership, string text)
    {
        var transaction = database.CreateTransaction();
        transaction.AddCondition(Condition.HashEqual(_key, Membership.VersionField, membership.Version));
        _ = transaction.StringSetAsync(_key, text);
        return await transaction.ExecuteAsync();
    }
}
