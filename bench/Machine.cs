using System.Reflection;
using System.Runtime.InteropServices;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Bench;

/// <summary>The machine and the build, on which all figures depend.</summary>
internal static class Machine
{
    /// <summary>The load average of 1, 5 and 15 minutes: it shows what else runs on the machine.</summary>
    public static string Load => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3));

    public static Table Facts(string redisVersion)
    {
        var facts = new Table("fact", "value");
        facts.Add("SyncCluster", $"{VersionOf(typeof(RedisClusterOptions))}, Orleans {VersionOf(typeof(IGrainFactory)).Split(". ")[0]}");
        facts.Add("date", $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC");
        facts.Add("processor", $"{Field("/proc/cpuinfo", "model name")}, {Environment.ProcessorCount} cores");
        facts.Add("memory", $"{long.Parse(Field("/proc/meminfo", "MemTotal").Split(' ')[0], null) / 1024 / 1024.0:0.0} GiB");
        facts.Add("kernel", File.ReadAllText("/proc/sys/kernel/osrelease").Trim());
        facts.Add(".NET", $"{RuntimeInformation.FrameworkDescription}, {Configuration}, {Collector} garbage collector");
        facts.Add("Redis", redisVersion);
        return facts;
    }

#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    /// <summary>Of the servers, which inherit the environment: ASP.NET Core's default is the server's.</summary>
    private static string Collector => Environment.GetEnvironmentVariable("DOTNET_gcServer") == "0" ? "workstation" : "server";

    private static string VersionOf(Type type) => type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?";

    private static string Field(string path, string name) =>
        File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "?";
}
