using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>The body that has TheEye's supervisor make a job which does nothing before it is released.</summary>
internal static class SyncingBody
{
    /// <summary>
    /// The caller's object, if it has <c>task_arguments</c>, else one with the caller's arguments; and the lifecycle in it, which no other form of body
    /// could carry: of an array, the job would run at once.
    /// </summary>
    public static byte[] Of(CallPayload.Arguments arguments) => arguments.Others.IsEmpty
        ? [.. "{\"task_arguments\":"u8, .. arguments.Json.Span, .. ",\"lifecycle\":\"syncing\"}"u8]
        : [.. "{\"task_arguments\":"u8, .. arguments.Json.Span, .. ","u8, .. arguments.Others.Span, .. ",\"lifecycle\":\"syncing\"}"u8];
}
