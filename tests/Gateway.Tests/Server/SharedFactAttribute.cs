namespace SyncCluster.Gateway.Tests.Server;

/// <summary>A test that reads TheEye's own files, which are not part of this repository, and perhaps needs Node.</summary>
internal sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute()
    {
        Skip = SharedFile("Rest_API_Response.json") is null ? "shared/theeye is not beside the repository."
            : !NodeFactAttribute.HasNode ? "Node is not installed."
            : null;
    }

    public static string? SharedFile(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "theeye", name);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}

/// <summary>A test that needs Node.</summary>
internal sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute() => Skip = HasNode ? null : "Node is not installed.";

    public static bool HasNode { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "node")));
}
