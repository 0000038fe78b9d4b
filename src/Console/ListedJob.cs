namespace SyncCluster.WebConsole;

/// <summary>A job in a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="TaskName">Its task's name.</param>
/// <param name="State">Its state if it has ended, else where it is on its way.</param>
/// <param name="Class">How its state looks: <c>good</c>, <c>bad</c> or <c>busy</c>.</param>
/// <param name="User">Who called.</param>
/// <param name="CalledAt">When.</param>
/// <param name="Took">From the call to the end; null if it has not ended.</param>
public sealed record ListedJob(string Id, string TaskName, string State, string Class, string User, DateTimeOffset? CalledAt, TimeSpan? Took)
{
    public bool IsUnfinished => Class == "busy";
}

/// <summary>Which jobs a list has. Empty members admit all.</summary>
public sealed record JobListFilter
{
    /// <summary>The id of their task.</summary>
    public string Task { get; init; } = "";

    /// <summary>One of <see cref="States"/>.</summary>
    public string State { get; init; } = "";

    /// <summary>Who called.</summary>
    public string User { get; init; } = "";

    /// <summary>From when on they were called.</summary>
    public RangeEnd From { get; init; } = RangeEnd.None;

    /// <summary>Before when they were called; of a day, before it is over.</summary>
    public RangeEnd To { get; init; } = RangeEnd.None;

    /// <summary>The job that they run again.</summary>
    public string Again { get; init; } = "";

    /// <summary>What may be asked for, and what a page calls it.</summary>
    public static IReadOnlyList<(string Name, string Label)> States { get; } =
        [("unfinished", "not ended"), ("success", "success"), ("failed", "failed"), ("canceled", "canceled")];

    public bool IsEmpty => this == new JobListFilter();

    /// <summary>The address of the list, relative to the console's.</summary>
    /// <param name="after">Where it goes on; null for its beginning.</param>
    /// <param name="isAllChosen">Whether all of its jobs are chosen.</param>
    public string PathAfter(string? after, bool isAllChosen = false)
    {
        (string Name, string? Value)[] query =
        [
            ("task", Task), ("state", State), ("user", User), ("from", From.Text), ("to", To.Text), ("again", Again), ("after", after),
            ("chosen", isAllChosen ? "all" : null),
        ];
        return $"jobs?{string.Join('&', query.Where(part => part.Value is { Length: > 0 }).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value!)}"))}";
    }
}
