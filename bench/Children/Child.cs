namespace SyncCluster.Bench.Children;

/// <summary>
/// What a benchmark starts of itself as processes of their own. They are told what to do by lines on their input, answer each with one line, and end
/// when the input does.
/// </summary>
internal static class Child
{
    /// <summary>What answers begin with: a process may print other lines, too.</summary>
    public const string Answer = "= ";

    /// <summary>The first line of each.</summary>
    public const string Ready = " is ready";

    /// <param name="kind">One of the names below.</param>
    /// <param name="arguments">The child's own.</param>
    /// <exception cref="ArgumentException">There is no such child.</exception>
    public static Task RunAsync(string kind, string[] arguments) => kind switch
    {
        nameof(Floor) => Floor.RunAsync(),
        nameof(Completer) => Completer.RunAsync(arguments),
        nameof(LoadGenerator) => LoadGenerator.RunAsync(),
        nameof(OutsideSilo) => OutsideSilo.RunAsync(arguments),
        _ => throw new ArgumentException($"There is no child {kind}."),
    };

    /// <summary>Answers commands until there are no more.</summary>
    public static async Task ObeyAsync(Func<string[], Task<string>> obey)
    {
        while (await Console.In.ReadLineAsync() is { } line)
        {
            Console.Out.WriteLine(Answer + await obey(line.Split(' ')));
        }
    }
}
