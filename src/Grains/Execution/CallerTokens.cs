namespace SyncCluster.Execution;

/// <summary>The newest tokens of those who wait for a job, in a silo's memory only. More than one: a token may be revoked while its bearer waits.</summary>
internal sealed class CallerTokens
{
    private const int Kept = 4;

    private volatile string[] _newestFirst = [];

    /// <summary>None where no caller is at hand.</summary>
    public IReadOnlyList<string> NewestFirst => _newestFirst;

    /// <summary>Takes another one, if there is one.</summary>
    public void Offer(string? token)
    {
        if (token is not null && _newestFirst.FirstOrDefault() != token)
        {
            _newestFirst = [token, .. _newestFirst.Where(known => known != token).Take(Kept - 1)];
        }
    }
}
