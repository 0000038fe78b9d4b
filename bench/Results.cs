namespace SyncCluster.Bench;

/// <summary>Writes the reports of one run: <c>results.md</c>, with JSON and plots beside it.</summary>
internal static class Results
{
    private const string Data = "results";

    /// <summary>The folder of this project, where the results of a whole run are kept.</summary>
    /// <exception cref="InvalidOperationException">The program does not run from below it.</exception>
    public static string Home()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "bench.csproj")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException("The project's folder is not above the program: set the folder of the results with --out FOLDER.");
    }

    /// <param name="reports">The reports of one run, in their order.</param>
    /// <param name="failures">The benchmarks that have failed, and why.</param>
    /// <param name="folder">The folder of the results.</param>
    /// <param name="notes">A Markdown file with a section for each benchmark, under its name.</param>
    public static async Task WriteAsync(IReadOnlyList<Report> reports, IReadOnlyList<string> failures, string folder, string notes)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, Data)).FullName;
        var about = File.Exists(notes) ? Sections(await File.ReadAllLinesAsync(notes)) : [];
        await using var output = new StreamWriter(Path.Combine(folder, "results.md")) { NewLine = "\n" };
        output.WriteLine(
            """
            # Results

            All of one run of `dotnet run -c Release --project bench`. What is measured, and what the columns mean, stands in [README.md](README.md); what was found and
            mended on the way in [notes.md](notes.md). *Floor* is the same of bare Kestrel that holds the request on a `TaskCompletionSource`, measured in the same
            run, or of the bare process for scripts. Everything, the clients too, ran on the machine named here.

            """);
        if (reports.Count > 0)
        {
            reports[0].Facts.WriteTo(output);
        }

        Report.TableOf(reports).WriteTo(output);
        foreach (var failure in failures)
        {
            output.WriteLine($"Not measured: {failure.ReplaceLineEndings(" ")}");
            output.WriteLine();
        }

        foreach (var report in reports)
        {
            output.WriteLine($"## {report.Benchmark}");
            output.WriteLine();
            report.Facts.WriteTo(output);
            report.Figures.WriteTo(output);
            foreach (var plot in report.Plots)
            {
                output.WriteLine($"![{plot.Title}]({Data}/{plot.Name}.svg)");
                output.WriteLine();
                await plot.SaveAsync(data);
            }

            if (about.TryGetValue(report.Benchmark, out var known))
            {
                output.WriteLine(known);
                output.WriteLine();
            }

            await report.SaveAsync(Path.Combine(data, $"{report.Benchmark}.json"));
            output.WriteLine($"The same as JSON: [{Data}/{report.Benchmark}.json]({Data}/{report.Benchmark}.json).");
            output.WriteLine();
        }
    }

    private static Dictionary<string, string> Sections(string[] lines)
    {
        const string Heading = "## ";
        var sections = new Dictionary<string, string>();
        for (var line = 0; line < lines.Length; line++)
        {
            if (lines[line].StartsWith(Heading, StringComparison.Ordinal))
            {
                sections[lines[line][Heading.Length..]] = string.Join(
                    '\n', lines.Skip(line + 1).TakeWhile(next => !next.StartsWith(Heading, StringComparison.Ordinal))).Trim();
            }
        }

        return sections;
    }
}
