using SyncCluster.Storage;

namespace SyncCluster.Hosting.Storage;

/// <summary>Opens the storage before anything else starts: a file that can't be used is told first. Counts what is stored in it.</summary>
internal sealed class StorageOpening(IServiceProvider services, StoredBytes storedBytes) : HostedLifecycleService
{
    /// <inheritdoc/>
    /// <exception cref="StorageFileException">The file can't be used.</exception>
    public override Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var (customer, bytes) in services.GetRequiredService<SqliteDatabase>().ReadSizes())
        {
            storedBytes.Add(customer, bytes);
        }

        return Task.CompletedTask;
    }
}
