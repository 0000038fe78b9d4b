using SyncCluster.Bench.Children;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>A build of this repository, whose servers a benchmark starts.</summary>
/// <param name="Folder">The folder of its programs.</param>
internal sealed record Build(string Folder)
{
    /// <summary>The build that runs.</summary>
    public static Build This { get; } = new(AppContext.BaseDirectory);

    /// <summary>What its benchmark calls the silo whose jobs are ended from outside.</summary>
    public string Silo { get; init; } = nameof(ExternalExecutorSilo);

    /// <summary>What its benchmark calls the process that ends them.</summary>
    public string Completer { get; init; } = nameof(JobCompleter);

    /// <summary>A file of the build.</summary>
    /// <param name="project">The project that makes it.</param>
    /// <param name="extension">The file's extension.</param>
    public string Output(string project, string extension) => Path.Combine(Folder, Path.GetFileName(ServerPrograms.Output(project, extension)));

    /// <param name="kind">The child.</param>
    /// <param name="like">The server whose settings of the runtime it gets, since it stands in its place; null: the benchmark's own.</param>
    public string[] ChildProgram(string kind, string? like) =>
        ["dotnet", "exec", "--runtimeconfig", Output(like ?? "Bench", "runtimeconfig.json"), Output("Bench", "dll"), nameof(Child), kind];
}
