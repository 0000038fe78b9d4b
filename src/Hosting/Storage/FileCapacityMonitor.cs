using Microsoft.Extensions.Options;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Storage;

/// <summary>
/// Watches the size of the embedded storage. Near its limit new jobs are refused, those of customers that have stored much first; what is left is for
/// the ends of the jobs that exist. An end is stored in any case: it is worth more than the limit.
/// </summary>
internal sealed partial class FileCapacityMonitor(
    SqliteDatabase database,
    StorageCapacity capacity,
    IOptions<StorageOptions> options,
    TimeProvider timeProvider,
    ILogger<FileCapacityMonitor> logger) : PeriodicService(Interval, timeProvider)
{
    /// <summary>The part of the limit that all new jobs may use.</summary>
    private const double Share = 0.9;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    private StorageLevel _level;

    /// <inheritdoc/>
    protected override Task RunAsync()
    {
        var (used, limit) = (database.UsedBytes, options.Value.EmbeddedLimit);
        var level = StorageCapacity.LevelOf(used, limit, Share);
        capacity.Level = level;
        capacity.Uses = [new(database.Folder is null ? "Memory" : "File", used, limit, level != StorageLevel.Room)];
        if (level != _level)
        {
            switch (level)
            {
                case StorageLevel.Room:
                    LogRoom();
                    break;
                case StorageLevel.NearlyFull:
                    LogNearlyFull();
                    break;
                default:
                    LogFull();
                    break;
            }

            _level = level;
        }

        return Task.CompletedTask;
    }
}
