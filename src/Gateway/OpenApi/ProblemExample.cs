namespace SyncCluster.Gateway.OpenApi;

/// <summary>A problem that a route may answer, as the document shows it.</summary>
/// <param name="Name">The name of its example. Each name has one problem.</param>
/// <param name="When">When it is answered, in a few words.</param>
/// <param name="Problem">The answer.</param>
internal sealed record ProblemExample(string Name, string When, Problem Problem);
