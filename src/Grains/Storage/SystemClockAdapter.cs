using Microsoft.Extensions.Internal;

namespace SyncCluster.Storage;

/// <summary>A <see cref="TimeProvider"/> as the clock of <c>MemoryCache</c>.</summary>
internal sealed class SystemClockAdapter(TimeProvider timeProvider) : ISystemClock
{
    /// <inheritdoc/>
    public DateTimeOffset UtcNow => timeProvider.GetUtcNow();
}
