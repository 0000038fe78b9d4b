using System.Diagnostics;
using SyncCluster.Harness;

namespace SyncCluster.Bench;

/// <summary>The tasks that the benchmarks call. Each job ends at once, but for those of the endless task.</summary>
internal static class BenchTasks
{
    /// <summary>A task without a script.</summary>
    public const string Dummy = "dummy";

    /// <summary>A script that ends at once.</summary>
    public const string Quick = "quick";

    /// <summary>A script that waits for a pipe that no process opens, and uses no processor time.</summary>
    public const string Endless = "endless";

    /// <summary>A script that appends its argument to a file and prints it as its output.</summary>
    public const string Append = "append";

    private static readonly TimeSpan Timeout = TimeSpan.FromHours(6);

    /// <summary>The file of <see cref="Append"/>, a line a run.</summary>
    /// <param name="folder">The folder of the cluster.</param>
    public static string AppendedFile(string folder) => Path.Combine(folder, "appended");

    /// <param name="recipes">The gateways' <c>Demo:Folder</c>.</param>
    /// <param name="folder">The folder of the cluster.</param>
    public static async Task WriteAsync(string recipes, string folder)
    {
        var pipe = Path.Combine(folder, "pipe");
        using var make = Process.Start("mkfifo", [pipe]);
        await make.WaitForExitAsync();
        var append = $"""
            echo "$1" >> {AppendedFile(folder)}
            printf '["%s"]\n' "$1"
            """;
        DemoTask[] tasks =
        [
            new(Dummy),
            new(Quick) { Script = """echo '["done"]'""", Timeout = Timeout },
            new(Endless) { Script = $"read -r _ < {pipe}", Timeout = Timeout },
            new(Append) { Script = append, Arguments = ["argument"], Timeout = Timeout },
        ];
        await Task.WhenAll(tasks.Select(task => task.WriteAsync(recipes)));
    }
}
