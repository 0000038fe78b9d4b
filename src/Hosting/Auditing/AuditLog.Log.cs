namespace SyncCluster.Hosting.Auditing;

internal sealed partial class AuditLog
{
    [LoggerMessage(
        3030,
        LogLevel.Information,
        "{Action}: status {Status}, by {By} \"{Username}\" of \"{UserCustomer}\" from {Client}; customer \"{Customer}\", task \"{Task}\", job \"{Job}\", "
        + "{Seconds} s")]
    private partial void LogRequest(
        string action,
        int status,
        string by,
        string username,
        string userCustomer,
        string client,
        string customer,
        string task,
        string job,
        double seconds);
}
