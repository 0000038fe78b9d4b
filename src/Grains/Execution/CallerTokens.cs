namespace SyncCluster.Execution;

/// <summary>
/// The newest tokens of a job's callers, only ever in memory. More than one is kept, because a token may be revoked while its caller waits.
/// </summary>
internal sealed class CallerTokens
{
    private const int Limit = 4;

    private volatile string[] _newestFirst = [];

    /// <summary>The tokens; empty if no caller has brought one.</summary>
    public IReadOnlyList<string> NewestFirst => _newestFirst;

    /// <summary>Adds the token of a caller as the newest one; null adds none.</summary>
    public void Offer(string? token)
    {
        if (token is not null && _newestFirst.FirstOrDefault() != token)
        {
            _newestFirst = [token, .. _newestFirst.Where(known => known != token).Take(Limit - 1)];
        }
    }
}
