namespace SyncCluster.Gateway.OpenApi;

/// <summary>A problem that a route may answer, as the document shows it.</summary>
/// <param name="Name">The name of its example. One name, one problem.</param>
/// <param name="When">When it is answered, in a few words.</param>
/// <param name="Problem">What the server says then.</param>
internal sealed record Refusal(string Name, string When, Problem Problem);
