using SyncCluster.Execution.TheEye;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>What it looks like over HTTP that TheEye does not do as it was asked.</summary>
internal static class TheEyeProblem
{
    private const string Supervisor = "TheEye's supervisor";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);

    public static Problem NoServiceToken { get; } = new(
        StatusCodes.Status501NotImplemented,
        "This server takes no calls by a task's secret for this customer: its operator has to give it a token of TheEye (TheEye:ServiceTokens:CUSTOMER).");

    public static Problem TasksAreElsewhere { get; } = new(
        StatusCodes.Status501NotImplemented, "TheEye has the tasks of this server: import, list and delete them there.");

    /// <summary>Of the gateway, which was asked for a token.</summary>
    public static Problem OfToken(TheEyeReply reply) => Of("TheEye's gateway", reply, "The token could not be checked, and nothing was run: try again.");

    /// <summary>Of the supervisor, which was to make a job. One that it has made all the same does nothing.</summary>
    public static Problem OfCreate(TheEyeReply reply) => Of(Supervisor, reply, "Nothing was run: try again.");

    /// <summary>Of the supervisor, which was asked about a job.</summary>
    public static Problem OfJob(TheEyeReply reply) => Of(Supervisor, reply, "Try again.");

    private static Problem Of(string who, TheEyeReply reply, string consequence)
    {
        return reply switch
        {
            TheEyeReply.Refused { Status: StatusCodes.Status429TooManyRequests } refused => new(refused.Status, refused.Message) { RetryAfter = Soon },
            TheEyeReply.Refused refused => new(refused.Status, refused.Message),
            TheEyeReply.Failed { Fault: TheEyeFault.Unreachable } => Failed(StatusCodes.Status502BadGateway, "can't be reached"),
            TheEyeReply.Failed { Fault: TheEyeFault.Slow } => Failed(StatusCodes.Status504GatewayTimeout, "has not answered in time"),
            TheEyeReply.Failed { Fault: TheEyeFault.TooLarge } => Failed(StatusCodes.Status502BadGateway, "has answered with more than this server takes (TheEye:DocumentLimit)"),
            TheEyeReply.Failed { Status: { } status } => Failed(StatusCodes.Status502BadGateway, $"has failed with status {status}"),
            TheEyeReply.Failed => Failed(StatusCodes.Status502BadGateway, "has broken off its answer"),
            _ => Failed(StatusCodes.Status502BadGateway, "has given an answer that can't be read"),
        };

        Problem Failed(int status, string what) => new(status, $"{who} {what}. {consequence}") { RetryAfter = Soon };
    }
}
