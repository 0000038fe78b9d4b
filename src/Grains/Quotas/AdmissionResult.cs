using SyncCluster.Jobs;

namespace SyncCluster.Quotas;

/// <summary>The result of a request for admission.</summary>
internal abstract class AdmissionResult
{
    private AdmissionResult()
    {
    }

    /// <summary>The job is refused. Nothing is held for it.</summary>
    internal sealed class Refused(JobReply reply) : AdmissionResult
    {
        public JobReply Reply => reply;
    }

    /// <summary>
    /// The job may be stored and released. It has a reservation in the executor's queue, and is in transit until this is disposed.
    /// </summary>
    internal sealed class Admitted(JobAdmission admission, JobSpec spec) : AdmissionResult, IDisposable
    {
        private bool _isReleased;

        /// <summary>The job is released: the executor keeps the reservation.</summary>
        public void MarkReleased() => _isReleased = true;

        /// <inheritdoc/>
        public void Dispose()
        {
            if (!_isReleased)
            {
                admission.CancelReservation(spec);
            }

            admission.EndTransit(spec);
        }
    }
}
