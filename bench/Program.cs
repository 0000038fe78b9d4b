using System.Runtime.InteropServices;
using SyncCluster.Bench;

IBenchmark[] benchmarks = [new Waiters(), new FrontOfTheEye(), new Subscriptions(), new Fairness(), new Scripts()];
if (args is not [var name, .. var rest] || benchmarks.FirstOrDefault(benchmark => benchmark.Name == name) is not { } chosen)
{
    return Help();
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var arguments = Arguments.Parse(rest);
    var report = await chosen.RunAsync(arguments, stop.Token);
    report.WriteTo(Console.Out);
    if (arguments.Text("json") is { } path)
    {
        await report.SaveAsync(path);
    }

    return 0;
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

int Help()
{
    Console.Error.WriteLine("dotnet run -c Release --project bench -- BENCHMARK [--json PATH]");
    foreach (var benchmark in benchmarks)
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
