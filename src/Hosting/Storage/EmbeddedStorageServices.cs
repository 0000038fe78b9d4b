using Microsoft.Extensions.Options;
using Orleans.Serialization;
using Orleans.Storage;
using SyncCluster.Jobs.Listing;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Storage;

/// <summary>The storage of a server in one process: a file of SQLite, or its memory.</summary>
internal static class EmbeddedStorageServices
{
    public static void AddEmbeddedStorage(this IServiceCollection services)
    {
        services.AddSingleton(Open);
        services.AddGrainStorage(StorageNames.Jobs, options => options.JobExpiry);
        services.AddGrainStorage(StorageNames.Catalog, _ => null);
        services.AddSingleton<IJobIndex, SqliteJobIndex>();
        services.AddSingleton<BackUp>();
        services.AddHostedService<StorageOpening>();
        services.AddHostedService<FileCapacityMonitor>();
        services.AddHostedService<JobRecovery>();
    }

    private static SqliteDatabase Open(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<StorageOptions>>().Value;
        var storedBytes = provider.GetRequiredService<StoredBytes>();
        return new(
            SqliteFile.Open(options.Folder, options.Synchronous),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SqliteDatabase>>(),
            fault => Environment.FailFast("The disk did not confirm what was written to the storage's file.", fault),
            (customer, bytes) => storedBytes.Add(customer, -bytes));
    }

    private static void AddGrainStorage(this IServiceCollection services, string name, Func<StorageOptions, TimeSpan?> expiry) =>
        services.AddKeyedSingleton<IGrainStorage>(name, (provider, _) => new SqliteGrainStorage(
            name,
            provider.GetRequiredService<SqliteDatabase>(),
            provider.GetRequiredService<Serializer>(),
            provider.GetRequiredService<TimeProvider>(),
            expiry(provider.GetRequiredService<IOptions<StorageOptions>>().Value)));
}
