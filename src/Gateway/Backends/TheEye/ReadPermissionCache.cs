using Microsoft.Extensions.Caching.Memory;
using SyncCluster.Hosting;
using SyncCluster.Storage;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>Which tokens TheEye has just let read which jobs: clients that attach again and again need not have TheEye asked each time.</summary>
internal sealed class ReadPermissionCache(TimeProvider timeProvider) : IDisposable
{
    private const int MaxEntries = 100_000;

    private static readonly TimeSpan Validity = TimeSpan.FromSeconds(30);

    private readonly MemoryCache _permissions = new(new MemoryCacheOptions { SizeLimit = MaxEntries, Clock = new SystemClockAdapter(timeProvider) });

    public bool Contains(JobRequest request) => _permissions.TryGetValue(KeyOf(request), out _);

    public void Add(JobRequest request)
    {
        using var entry = _permissions.CreateEntry(KeyOf(request));
        entry.Size = 1;
        entry.AbsoluteExpirationRelativeToNow = Validity;
    }

    /// <inheritdoc/>
    public void Dispose() => _permissions.Dispose();

    private static (string TokenHash, string Job) KeyOf(JobRequest request) => (Secret.KeyOf(request.Caller!.Token), request.Key);
}
