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

    /// <summary><see cref="Quick"/>, as many tasks: a number from 1 to <see cref="Many"/> takes the place of the <c>*</c>.</summary>
    public const string QuickOfMany = "quick-*";

    /// <summary>How many tasks <see cref="QuickOfMany"/> is.</summary>
    public const int Many = 64;

    /// <summary>A script that waits for a pipe that no process opens, and uses no processor time.</summary>
    public const string Endless = "endless";

    /// <summary>A script that appends its argument to a file and prints it as its output.</summary>
    public const string Append = "append";

    /// <summary>A script that prints <see cref="PrintedPerSecond"/> lines a second, for as many seconds as its argument says.</summary>
    public const string Printing = "printing";

    /// <summary>How many lines <see cref="Printing"/> prints in a second.</summary>
    public const int PrintedPerSecond = 100;

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
        var printing = $"""
            tenths=$(($1 * 10))
            while [ $tenths -gt 0 ]; do
              tenths=$((tenths - 1))
              for line in $(seq {PrintedPerSecond / 10}); do echo "$tenths.$line: something is done, and takes its time"; done
              sleep 0.1
            done
            echo '["done"]'
            """;
        DemoTask[] tasks =
        [
            new(Dummy),
            new(Quick) { Script = """echo '["done"]'""", Timeout = Timeout },
            new(Endless) { Script = $"read -r _ < {pipe}", Timeout = Timeout },
            new(Append) { Script = append, Arguments = ["argument"], Timeout = Timeout },
            new(Printing) { Script = printing, Arguments = ["seconds"], Timeout = Timeout },
            .. Enumerable.Range(1, Many).Select(number =>
                new DemoTask(QuickOfMany.Replace("*", $"{number}", StringComparison.Ordinal)) { Script = """echo '["done"]'""", Timeout = Timeout }),
        ];
        await Task.WhenAll(tasks.Select(task => task.WriteAsync(recipes)));
    }
}
