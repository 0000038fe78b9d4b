using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Options;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Gateway.WebConsole.Keys;

/// <summary>
/// The keys that cookies of the console are encrypted with. The gateways of a cluster share them through Redis; a server in one process keeps them beside its
/// file, or, if it keeps nothing, in memory.
/// </summary>
internal static class ConsoleKeys
{
    /// <summary>The folder beside the file of a server in one process.</summary>
    private const string Folder = "console-keys";

    public static void AddConsoleKeys(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var cluster = RedisClusterOptions.Of(builder.Configuration);
        services.AddDataProtection().SetApplicationName($"SyncCluster/{cluster.Name}");
        services.AddSingleton<KeyEncryption>();
        services.AddOptions<KeyManagementOptions>().Configure<IServiceProvider>((keys, provider) =>
        {
            keys.XmlRepository = cluster.IsCluster
                ? new KeysInRedis(provider.GetRequiredService<RedisConnection>(), RedisKeys.ConsoleKeys(cluster.Name))
                : BesideTheFile(provider);
            keys.XmlEncryptor = new KeyEncryptor(provider.GetRequiredService<KeyEncryption>());
        });
    }

    private static IXmlRepository BesideTheFile(IServiceProvider provider)
    {
        var storage = provider.GetRequiredService<IOptions<StorageOptions>>().Value;
        if (storage.IsInMemory)
        {
            return new KeysInMemory();
        }

        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        var folder = Path.Combine(storage.Folder, Folder);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(storage.Folder, Owner);
            Directory.CreateDirectory(folder, Owner);
        }

        return new FileSystemXmlRepository(new DirectoryInfo(folder), provider.GetRequiredService<ILoggerFactory>());
    }
}
