namespace SyncCluster.Bench.Children;

/// <summary>
/// The programs that a benchmark starts of itself as processes of their own. They read commands, a line each, from their input, answer each with one
/// line, and end when the input does.
/// </summary>
internal static class Child
{
    /// <summary>What answers begin with: a process may print other lines, too.</summary>
    public const string Answer = "= ";

    /// <param name="kind">One of the names below.</param>
    /// <param name="arguments">The child's own.</param>
    /// <exception cref="ArgumentException">There is no such child.</exception>
    public static Task RunAsync(string kind, string[] arguments) => kind switch
    {
        nameof(BareKestrel) => BareKestrel.RunAsync(),
        nameof(JobCompleter) => JobCompleter.RunAsync(arguments),
        nameof(LoadGenerator) => LoadGenerator.RunAsync(),
        nameof(ExternalExecutorSilo) => ExternalExecutorSilo.RunAsync(arguments),
        nameof(SwitchedGateway) => SwitchedGateway.RunAsync(arguments),
        _ => throw new ArgumentException($"There is no child {kind}."),
    };

    /// <summary>Answers commands until the input ends.</summary>
    public static async Task AnswerAsync(Func<string[], Task<string>> execute)
    {
        while (await Console.In.ReadLineAsync() is { } line)
        {
            Console.Out.WriteLine(Answer + await execute(line.Split(' ')));
        }
    }
}
