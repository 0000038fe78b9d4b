using Microsoft.Extensions.Internal;

namespace SyncCluster.Storage;

/// <summary>The clock of a framework's cache.</summary>
internal sealed class SystemClockAdapter(TimeProvider timeProvider) : ISystemClock
{
    /// <inheritdoc/>
    public DateTimeOffset UtcNow => timeProvider.GetUtcNow();
}
