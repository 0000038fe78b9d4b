namespace SyncCluster.Harness;

/// <summary>The programs of this machine.</summary>
public static class InstalledPrograms
{
    /// <summary>The path of a program, on PATH or where daemons such as nginx are; null where it is not installed.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Concat(["/usr/sbin", "/usr/local/sbin"])
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}
