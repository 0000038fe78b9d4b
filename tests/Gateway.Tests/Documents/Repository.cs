namespace SyncCluster.Gateway.Tests.Documents;

/// <summary>The repository that these tests were built from, and its documents.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Paths of the documents that readers are sent to, relative to the root.</summary>
    public static IReadOnlyList<string> Documents { get; } =
    [
        "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "bench/README.md", "bench/notes.md", "bench/results.md",
        .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md").Select(path => $"docs/{Path.GetFileName(path)}")
            .Order(StringComparer.Ordinal),
    ];

    public static MarkdownDocument Read(string path) => new(path, File.ReadAllText(Path.Combine(Root, path)));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "SyncCluster.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
