using System.Diagnostics;
using System.Runtime.InteropServices;
using SyncCluster.Bench;
using SyncCluster.Bench.Chaos;
using SyncCluster.Bench.Children;

if (args is [nameof(Child), var kind, .. var words])
{
    await Child.RunAsync(kind, words);
    return 0;
}

IBenchmark[] benchmarks =
[
    new DurableCalls(), new DummyCalls(), new StoredCalls(), new TheEyeCalls(), new ScriptCalls(), new Waiters(), new Storm(), new SteadyLoad(), new Scale(), new Subscriptions(), new Fairness(),
    new Listings(), new ConsolePages(),
    new ChaosBenchmark(),
];

// They compare servers with others: a whole run does without them.
IBenchmark[] named = [.. benchmarks, new TelemetryCost(), new BuildComparison()];
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    return args switch
    {
        [] or [['-', '-', ..], ..] => await AllAsync(Arguments.Parse(args), isSmall: false),
        ["smoke", .. var rest] => await AllAsync(Arguments.Parse(rest), isSmall: true),
        [var name, .. var rest] when named.FirstOrDefault(benchmark => benchmark.Name == name) is { } chosen => await OneAsync(chosen, Arguments.Parse(rest)),
        _ => Help(),
    };
}
catch (ArgumentException wrong)
{
    await Console.Error.WriteLineAsync(wrong.Message);
    return Help();
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}
catch (InvalidOperationException failure)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}
catch (Exception fault)
{
    await Console.Error.WriteLineAsync($"{fault}");
    return 1;
}

async Task<int> OneAsync(IBenchmark benchmark, Arguments arguments)
{
    var report = await benchmark.RunAsync(arguments, stop.Token);
    report.WriteTo(Console.Out);
    if (arguments.Text("json") is { } path)
    {
        await report.SaveAsync(path);
    }

    if (report.Fault is { } found)
    {
        await Console.Error.WriteLineAsync(found);
        return 1;
    }

    return 0;
}

// A benchmark that fails does not cost the others their figures.
async Task<int> AllAsync(Arguments arguments, bool isSmall)
{
    arguments.Allow("out", "only");
    var home = Results.Home();
    var all = isSmall ? named : benchmarks;
    var only = arguments.Text("only")?.Split(',');
    if (only?.Except(all.Select(benchmark => benchmark.Name)).FirstOrDefault() is { } unknown)
    {
        throw new ArgumentException($"There is no part {unknown}.");
    }

    var replacesResults = !isSmall && only is null;
    var folder = arguments.Text("out")
        ?? (replacesResults ? home : throw new ArgumentException("smoke and --only need --out FOLDER: their figures must not replace the results."));
    var reports = new List<Report>();
    var failures = new List<string>();
    foreach (var benchmark in all.Where(benchmark => only?.Contains(benchmark.Name) != false))
    {
        var begun = Stopwatch.GetTimestamp();
        await Console.Error.WriteLineAsync($"{benchmark.Name}: begins");
        try
        {
            reports.Add(await benchmark.RunAsync(Arguments.Parse(isSmall ? benchmark.Small : []), stop.Token));
            if (reports[^1].Fault is { } found)
            {
                throw new InvalidOperationException(found);
            }

            await Console.Error.WriteLineAsync($"{benchmark.Name}: measured in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s");
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            failures.Add($"{benchmark.Name}: {(fault is InvalidOperationException ? fault.Message : fault)}");
            await Console.Error.WriteLineAsync($"{failures[^1]}");
        }
    }

    await Results.WriteAsync(reports, failures, folder, Path.Combine(home, "notes.md"));
    Report.TableOf(reports).WriteTo(Console.Out);
    return failures.Count == 0 ? 0 : 1;
}

int Help()
{
    Console.Error.WriteLine("dotnet run -c Release --project bench [-- --out FOLDER [--only PARTS]]: all, or these, written to bench/results.md");
    Console.Error.WriteLine("dotnet run -c Release --project bench -- smoke --out FOLDER: all with small numbers, to see that they work");
    Console.Error.WriteLine("dotnet run -c Release --project bench -- BENCHMARK [--json PATH]: one of");
    foreach (var benchmark in named)
    {
        Console.Error.WriteLine($"  {benchmark.Name} {benchmark.Options}");
    }

    return 2;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
