using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using SyncCluster.Gateway.Tests.Clustering;
using SyncCluster.Gateway.WebConsole.Keys;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Hosting.Operator;

namespace SyncCluster.Gateway.Tests.WebConsole;

/// <summary>The keys of the console's cookies, where they are kept.</summary>
public sealed class ConsoleKeysTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Gateways_share_them_through_Redis_which_does_not_see_them()
    {
        using var redis = new RedisInProcess(password: "secret");
        string[] settings = [$"--Cluster:Redis={redis.Address},password=secret", "--Cluster:Name=blue"];
        await using var one = Gateway(settings);
        await using var other = Gateway(settings);
        var cookie = Protector(one).Protect("a session");
        Assert.Equal("a session", Protector(other).Unprotect(cookie));

        await using var connection = await ConnectionMultiplexer.ConnectAsync($"{redis.Address},password=secret");
        var kept = (await connection.GetDatabase().ListRangeAsync("blue/console-keys")).Select(value => value.ToString()).ToArray();
        Assert.NotEmpty(kept);
        Assert.All(kept, key => Assert.Contains("encryptedSecret", key, StringComparison.Ordinal));
        Assert.All(kept, key => Assert.DoesNotContain("<value>", key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Gateways_that_start_at_once_get_the_same_one()
    {
        using var redis = new RedisInProcess();
        await using var first = new RedisConnection(new() { Redis = redis.Address });
        await using var second = new RedisConnection(new() { Redis = redis.Address });
        var (one, other) = (new KeysInRedis(first, "keys"), new KeysInRedis(second, "keys"));
        Assert.Empty(one.GetAllElements());
        Assert.Empty(other.GetAllElements());
        one.StoreElement(new("one"), "");
        other.StoreElement(new("other"), "");
        Assert.Equal("one", Assert.Single(other.GetAllElements()).Name);

        // Who knows it may add the next one.
        other.StoreElement(new("next"), "");
        Assert.Equal(["one", "next"], one.GetAllElements().Select(key => key.Name.LocalName));
    }

    [Fact]
    public void A_server_in_one_process_keeps_them_beside_its_file_for_its_owner_only()
    {
        string cookie;
        string[] settings = [$"--Storage:Path={_folder}/data"];
        using (var before = (IDisposable)Gateway(settings))
        {
            cookie = Protector((WebApplication)before).Protect("a session");
        }

        using var after = (IDisposable)Gateway(settings);
        Assert.Equal("a session", Protector((WebApplication)after).Unprotect(cookie));
        var keys = new DirectoryInfo(Path.Combine(_folder, "data", "console-keys"));
        Assert.NotEmpty(keys.GetFiles());
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        Assert.Equal(UnixFileMode.None, keys.UnixFileMode & Others);
    }

    [Fact]
    public void A_server_that_keeps_nothing_keeps_no_keys()
    {
        using var server = (IDisposable)Gateway([]);
        Assert.Equal("x", Protector((WebApplication)server).Unprotect(Protector((WebApplication)server).Protect("x")));
        Assert.False(Directory.Exists(Path.Combine(_folder, "data")));
    }

    [Fact]
    public void Only_who_has_the_same_secrets_reads_them()
    {
        var encrypted = new KeyEncryption("AB", "password").Encrypt([1, 2, 3]);
        Assert.Equal([1, 2, 3], new KeyEncryption("ab", "password").Decrypt(encrypted));
        Assert.ThrowsAny<CryptographicException>(() => new KeyEncryption("ab", "other").Decrypt(encrypted));
        Assert.ThrowsAny<CryptographicException>(() => new KeyEncryption("", "password").Decrypt(encrypted));
        Assert.ThrowsAny<CryptographicException>(() => new KeyEncryption("ab", "password").Decrypt([1]));
        encrypted[^1] ^= 1;
        Assert.ThrowsAny<CryptographicException>(() => new KeyEncryption("ab", "password").Decrypt(encrypted));
    }

    private static IDataProtector Protector(WebApplication app) => app.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test");

    private static WebApplication Gateway(string[] settings)
    {
        var builder = WebApplication.CreateBuilder(settings);
        var cluster = RedisClusterOptions.Of(builder.Configuration);
        if (cluster.IsCluster)
        {
            builder.Services.AddSingleton(new RedisConnection(cluster));
        }

        builder.Services.AddOptions<OperatorOptions>();
        builder.Services.AddOptions<StorageOptions>().Configure(options => options.Path = settings.Length == 0 ? ":memory:" : options.Path).BindConfiguration(StorageOptions.Section);
        builder.AddConsoleKeys();
        return builder.Build();
    }
}
