namespace SyncCluster.WebConsole;

/// <summary>A task in a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Arguments">The labels of the arguments that a call gives.</param>
public sealed record ListedTask(string Id, string Name, string Description, IReadOnlyList<string> Arguments)
{
    /// <summary>What has become of its jobs; null if it has none, or if that is not known.</summary>
    public ShownActivity? Activity { get; init; }
}

/// <summary>What has become of the jobs of a task.</summary>
/// <param name="State">The state of its last job.</param>
/// <param name="Class">How that looks: <c>good</c>, <c>bad</c> or <c>busy</c>.</param>
/// <param name="Calls">How many calls there were in a day.</param>
/// <param name="Failures">How many of their jobs have failed.</param>
/// <param name="IsWhole">Whether all of the day were counted.</param>
public sealed record ShownActivity(string State, string Class, int Calls, int Failures, bool IsWhole)
{
    /// <summary>As a list has it.</summary>
    public string Text => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{Calls:N0}{(IsWhole ? "" : "+")} {(Calls == 1 && IsWhole ? "call" : "calls")} in 24 h{(Failures > 0 ? $", {Failures:N0}{(IsWhole ? "" : "+")} failed" : "")}");
}
