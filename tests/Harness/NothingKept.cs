using System.Runtime.CompilerServices;

namespace SyncCluster.Harness;

/// <summary>
/// Servers that a test project starts, in its process or in their own, keep nothing, unless a test says where: else they would write to the working
/// directory, and refuse to share it. Compiled into each project that starts servers.
/// </summary>
internal static class NothingKept
{
    [ModuleInitializer]
    internal static void SetDefault() => Environment.SetEnvironmentVariable("Storage__Path", ":memory:");
}
